{{ config(materialized='incremental', incremental_strategy='touched', on_schema_change='fail', unique_key=['product_id', 'trait', 'record_id'], meta={'touched_on': ['product_id']}) }}
{%- set keys = touch_products('product_id') -%}
with records as (
    select * from {{ ref('matched_products') }} where {{ is_touched(keys, 'product_id') }}
)

{{ candidates('products', 'records', 'product_id', product_traits(), problems={
    'tax_rate': "when tax_rate < 0 or tax_rate > 40 then 'not a tax rate'",
}) }}
