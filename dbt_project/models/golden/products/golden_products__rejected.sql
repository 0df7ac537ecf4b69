{{ config(materialized='incremental', incremental_strategy='touched', on_schema_change='fail', unique_key='record_id') }}
{%- set keys = touch({
    'conformed_products': 'record_id',
    'matched_products__ids': 'select record_id from {changed} union all select record_id from ' ~ ref('golden_overrides'),
    'golden_products': 'select record_id from {changed} inner join ' ~ ref('matched_products') ~ ' using (product_id)',
    'golden_products__candidates': 'record_id',
    'golden_products__variant_candidates': 'record_id',
}) -%}
select
    record_id,
    cast(null as varchar) as variant_id,
    cast(null as varchar) as attribute,
    'deleted at its source' as reason,
    'Nothing to do; if it was a mistake, restore it in ' || system || '.' as remedy
from {{ ref('matched_products') }}
where is_deleted and {{ is_touched(keys, 'record_id') }}

union all

select
    records.record_id,
    records.variant_id,
    'template_name',
    'no usable name',
    'Give the product a name in ' || records.system || '.'
from {{ ref('matched_products') }} as records
left join {{ ref('golden_products') }} as golden on records.product_id = golden.product_id
where not records.is_deleted and golden.product_id is null and {{ is_touched(keys, 'records.record_id') }}

union all

select
    record_id,
    variant_id,
    'gtin14',
    gtin_problem,
    'Correct the barcode in ' || system || '; until then the variant goes without it.'
from {{ ref('matched_products') }}
where not is_deleted and gtin_problem is not null and {{ is_touched(keys, 'record_id') }}

union all

select
    record_id,
    variant_id,
    trait,
    why,
    'Correct it in ' || split_part(record_id, ':', 1) || '.'
from {{ ref('golden_products__variant_candidates') }}
where is_refused and {{ is_touched(keys, 'record_id') }}

union all

select
    offers.record_id,
    records.variant_id,
    offers.trait,
    offers.why,
    'Correct it in ' || records.system || '.'
from {{ ref('golden_products__candidates') }} as offers
inner join {{ ref('matched_products') }} as records on offers.record_id = records.record_id
where offers.is_refused and {{ is_touched(keys, 'offers.record_id') }}

union all

select
    decided.record_id,
    records.variant_id,
    decided.attribute,
    decided.problem,
    'Correct the row in golden_overrides.csv; until then survivorship decides.'
from {{ ref('golden_products__decided') }} as decided
inner join {{ ref('matched_products') }} as records on decided.record_id = records.record_id
where decided.problem is not null and {{ is_touched(keys, 'decided.record_id') }}
