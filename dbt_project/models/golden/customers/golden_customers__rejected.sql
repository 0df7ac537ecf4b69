{{ config(materialized='incremental', incremental_strategy='touched', on_schema_change='fail', unique_key='record_id') }}
{%- set keys = touch({
    'conformed_customers': 'record_id',
    'matched_customers__normalised': 'record_id',
    'matched_customers__ids': 'select record_id from {changed} union all select record_id from ' ~ ref('golden_overrides'),
    'golden_customers': 'select record_id from {changed} inner join ' ~ ref('matched_customers') ~ ' using (customer_id)',
    'golden_customers__candidates': 'record_id',
}) -%}
select
    record_id,
    cast(null as varchar) as customer_id,
    cast(null as varchar) as attribute,
    'deleted at its source' as reason,
    'Nothing to do; if it was a mistake, restore it in ' || system || '.' as remedy
from {{ ref('matched_customers') }}
where is_deleted and {{ is_touched(keys, 'record_id') }}

union all

select
    records.record_id,
    records.customer_id,
    'name',
    'no usable name',
    'Give the customer a name in ' || records.system || '.'
from {{ ref('matched_customers') }} as records
left join {{ ref('golden_customers') }} as golden on records.customer_id = golden.customer_id
where not records.is_deleted and golden.customer_id is null and {{ is_touched(keys, 'records.record_id') }}

union all

select
    offers.record_id,
    offers.customer_id,
    offers.trait,
    offers.why,
    'Correct it in ' || split_part(offers.record_id, ':', 1) || '.'
from {{ ref('golden_customers__candidates') }} as offers
where not offers.survives and offers.is_refused and {{ is_touched(keys, 'offers.record_id') }}

union all

select
    record_id,
    customer_id,
    attribute,
    problem,
    'Correct the row in golden_overrides.csv; until then survivorship decides.'
from {{ ref('golden_customers__decided') }}
where problem is not null and {{ is_touched(keys, 'record_id') }}
