with binding as (
    {{ odoo_binding(ref('golden_products__members'), 'variant_id') }}
),

basis as (
    {{ rests_on(ref('golden_products__provenance'), 'golden_id', ['sku', 'gtin14', 'weight_g', 'option_1', 'option_2']) }}
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
    from {{ ref('golden_products__variants') }} as golden
    inner join basis on golden.variant_id = basis.golden_id
    left join binding on golden.variant_id = binding.golden_id
)

select
    {{ odoo_payload(['product_tmpl_id', 'default_code', 'barcode', 'weight', 'option_1', 'option_2']) }}
from payload
