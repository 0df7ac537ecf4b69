select
    {{ conformed('products', {
        'is_active': 'is_buyable',
        'sku': 'sku',
        'gtin_raw': 'gtin',
        'template_name': 'product_name',
        'brand': 'brand',
        'option_1': 'coalesce(size, color)',
        'option_2': 'case when size is not null then color end',
        'weight_g': 'weight_g',
    }) }}
from {{ ref('stg_amazon__listings') }}
