{{ config(materialized='incremental', incremental_strategy='touched', on_schema_change='fail', unique_key='product_id') }}
{%- set keys = touch_products('product_id') -%}
{{ survivors(
    narrowed(ref('golden_products__candidates'), keys, 'product_id'),
    narrowed(ref('matched_products'), keys, 'product_id'), 'product_id', product_traits(),
    required=['template_name'],
    decided='(select golden_id as product_id, attribute, value, problem from ' ~ ref('golden_products__decided') ~ ')',
    kept=[
        'count(distinct records.variant_id) as variant_count',
        'count(*) as record_count',
        'count(distinct records.system) as system_count',
    ],
) }}
