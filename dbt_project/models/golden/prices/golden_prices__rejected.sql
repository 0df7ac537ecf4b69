{{ config(materialized='incremental', incremental_strategy='touched', on_schema_change='fail', unique_key='record_id') }}
{%- set keys = touch_offers() -%}
select
    offers.record_id,
    offers.variant_id,
    'amount' as attribute,
    offers.problem as reason,
    case offers.problem
        when 'no such variant' then 'Find out which product the price is for; in ' || records.system || ' it has none that is known.'
        when 'unknown price list' then 'Add the list to seeds/price_lists.csv, or leave it to ' || records.system || '.'
        when 'not a fixed price' then 'Nothing to do: a percentage or formula stays in ' || records.system || '.'
        else 'Correct it in ' || records.system || '.'
    end as remedy
from {{ ref('golden_prices__candidates') }} as offers
inner join {{ ref('matched_prices') }} as records on offers.record_id = records.record_id
where offers.is_refused and {{ is_touched(keys, 'offers.record_id') }}

union all

select
    record_id,
    variant_id,
    cast(null as varchar),
    'deleted at its source',
    'Nothing to do; if it was a mistake, restore it in ' || system || '.'
from {{ ref('matched_prices') }}
where is_deleted and {{ is_touched(keys, 'record_id') }}
