{{ config(materialized='incremental', incremental_strategy='touched', on_schema_change='fail', unique_key='price_id', meta={'touched_on': ['variant_id']}) }}
{%- set keys = touch_prices() -%}
with clock as (
    select max(extracted_at) as read_at from {{ ref('matched_prices') }}
)

select
    offers.price_id,
    records.variant_id,
    records.price_list,
    records.store_code,
    records.currency,
    records.tax_basis,
    records.tax_rate,
    records.min_quantity,
    records.valid_from_at,
    records.valid_to_at,
    records.kind,
    records.amount,
    records.net_amount,
    records.gross_amount - records.net_amount as tax_amount,
    records.gross_amount,
    coalesce(records.valid_to_at <= clock.read_at, false) as is_over
from {{ ref('golden_prices__candidates') }} as offers
inner join {{ ref('matched_prices') }} as records on offers.record_id = records.record_id
inner join {{ ref('golden_products__variants') }} as variants on records.variant_id = variants.variant_id
cross join clock
where offers.survives and {{ is_touched(keys, 'offers.variant_id') }}
