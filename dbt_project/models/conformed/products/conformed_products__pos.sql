select
    {{ conformed('products', {
        'is_active': 'is_active',
        'sku': 'sku',
        'gtin_raw': 'gtin',
        'template_name': 'article_name',
        'brand': 'brand',
        'option_1': 'option_1',
        'option_2': 'option_2',
        'weight_g': 'weight_g',
        'uom': 'uom',
        'tax_rate': 'tax_rate',
    }) }}
from {{ ref('stg_pos__articles') }}
