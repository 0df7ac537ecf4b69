with variants as (
    select
        variants.*,
        products.product_name,
        products.brand,
        products.status,
        products.assay_id as product_assay_id
    from {{ ref('stg_shopify__variants') }} as variants
    left join {{ ref('stg_shopify__products') }} as products on variants.product_key = products.source_key
)

select
    {{ conformed('products', {
        'is_active': "coalesce(status, 'ACTIVE') = 'ACTIVE'",
        'template_key': 'product_key',
        'sku': 'sku',
        'gtin_raw': 'barcode',
        'template_name': 'product_name',
        'brand': 'brand',
        'option_1': 'option_1',
        'option_2': 'option_2',
        'weight_g': 'weight_g',
        'published_id': 'assay_id',
        'published_template_id': 'product_assay_id',
    }) }}
from variants
