with variants as (
    select
        variants.*,
        templates.product_name,
        templates.assay_id as template_assay_id
    from {{ ref('stg_odoo__product_variants') }} as variants
    left join {{ ref('stg_odoo__product_templates') }} as templates on variants.template_key = templates.source_key
)

select
    {{ conformed('products', {
        'is_active': 'is_active',
        'template_key': 'template_key',
        'sku': 'default_code',
        'gtin_raw': 'barcode',
        'template_name': 'product_name',
        'option_1': "nullif(split_part(option_names, ', ', 1), '')",
        'option_2': "nullif(split_part(option_names, ', ', 2), '')",
        'weight_g': 'weight_g',
        'published_id': 'assay_id',
        'odoo_template_id': 'cast(template_key as bigint)',
        'published_template_id': 'template_assay_id',
    }) }}
from variants
