{#- Suppliers know what a thing weighs and its number; what it is called here, and whether we sell it, is not theirs to say. -#}
select
    {{ conformed('products', {
        'is_active': 'true',
        'sku': 'sku',
        'gtin_raw': 'gtin',
        'template_name': 'article_name',
        'brand': 'brand',
        'option_1': 'option_1',
        'option_2': 'option_2',
        'weight_g': 'weight_g',
        'uom': 'uom',
    }) }}
from {{ ref('stg_supplier__articles') }}
