select
    {{ conformed('products', {
        'is_active': 'is_active',
        'sku': 'sku',
        'gtin_raw': 'barcode',
        'template_name': 'product_name',
        'weight_g': 'weight_g',
    }) }}
from {{ ref('stg_shiphero__products') }}
