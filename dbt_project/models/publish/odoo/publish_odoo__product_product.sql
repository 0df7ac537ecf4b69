{{ config(materialized='incremental', incremental_strategy='touched', on_schema_change='fail', unique_key='golden_id') }}
{%- set keys = touch_products('variant_id') -%}
with binding as (
    {{ odoo_binding(narrowed(ref('golden_products__members'), keys, 'variant_id'), 'variant_id') }}
),

basis as (
    {{ rests_on(narrowed(ref('golden_products__provenance'), keys, 'golden_id'), 'golden_id', ['sku', 'gtin14', 'weight_g', 'option_1', 'option_2']) }}
),

payload as (
    select
        golden.variant_id as golden_id,
        binding.odoo_id,
        binding.odoo_ids,
        basis.units,
        basis.record_ids,
        golden.product_id as product_tmpl_id,
        golden.sku as default_code,
        {{ scanned_gtin('golden.gtin14') }} as barcode,
        {{ kilograms('golden.weight_g') }} as weight,
        golden.option_1,
        golden.option_2
    from {{ narrowed(ref('golden_products__variants'), keys, 'variant_id') }} as golden
    inner join basis on golden.variant_id = basis.golden_id
    left join binding on golden.variant_id = binding.golden_id
)

select
    {{ odoo_payload(['product_tmpl_id', 'default_code', 'barcode', 'weight', 'option_1', 'option_2']) }}
from payload
