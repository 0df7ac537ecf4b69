select
    {{ conformed('products', {
        'is_active': 'true',
        'sku': 'sku',
        'template_name': 'product_name',
    }) }}
from {{ ref('stg_hubspot__products') }}
