select
    {{ conformed('products', {
        'is_active': 'true',
        'sku': 'sku',
        'gtin_raw': 'gtin',
        'template_name': 'product_name',
        'brand': 'brand',
        'model_number': 'model_number',
        'option_1': 'coalesce(size, pack, color)',
        'option_2': 'case when size is not null then color end',
        'weight_g': 'weight_g',
    }) }}
from {{ ref('stg_ebay__listings') }}
