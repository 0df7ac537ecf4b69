{{ config(materialized='incremental', incremental_strategy='touched', on_schema_change='fail', unique_key='golden_id') }}
{%- set keys = touch_products('product_id') -%}
with binding as (
    {{ odoo_binding(narrowed(ref('golden_products__members'), keys, 'product_id'), 'product_id', 'odoo_template_id', 'published_template_id') }}
),

basis as (
    {{ rests_on(narrowed(ref('golden_products__provenance'), keys, 'golden_id'), 'golden_id', ['template_name']) }}
),

payload as (
    select
        golden.product_id as golden_id,
        binding.odoo_id,
        binding.odoo_ids,
        basis.units,
        basis.record_ids,
        golden.template_name as name,
        case when golden.variant_count = 1 then {{ kilograms('variants.weight_g') }} end as weight
    from {{ narrowed(ref('golden_products'), keys, 'product_id') }} as golden
    inner join basis on golden.product_id = basis.golden_id
    left join binding on golden.product_id = binding.golden_id
    left join {{ ref('golden_products__variants') }} as variants
        on golden.variant_count = 1 and golden.product_id = variants.product_id
)

select
    {{ odoo_payload(['name', 'weight']) }}
from payload
