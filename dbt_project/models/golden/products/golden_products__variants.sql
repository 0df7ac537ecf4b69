{{ config(materialized='incremental', incremental_strategy='touched', on_schema_change='fail', unique_key='variant_id') }}
{%- set keys = touch_products('variant_id') -%}
with variants as (
    {{ survivors(
        narrowed(ref('golden_products__variant_candidates'), keys, 'variant_id'),
        narrowed(ref('matched_products'), keys, 'variant_id'), 'variant_id', variant_traits(),
        required=['sku', 'gtin14', 'options', 'weight_g', 'uom'],
        decided='(select golden_id as variant_id, attribute, value, problem from ' ~ ref('golden_products__decided') ~ ')',
        kept=['min(records.product_id) as product_id', 'count(*) as record_count', 'count(distinct records.system) as system_count'],
    ) | indent(4) }}
)

select variants.*
from variants
inner join {{ ref('golden_products') }} as products on variants.product_id = products.product_id
