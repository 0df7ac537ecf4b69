select
    {{ conformed('products', {
        'is_active': 'variations.is_sellable and not coalesce(items.is_archived or items.is_deleted, false)',
        'template_key': 'variations.item_key',
        'sku': 'variations.sku',
        'gtin_raw': 'variations.gtin',
        'template_name': 'items.item_name',
        'option_1': 'variations.option_1',
        'option_2': 'variations.option_2',
    }, alias='variations') }}
from {{ ref('stg_square__variations') }} as variations
left join {{ ref('stg_square__items') }} as items on variations.item_key = items.source_key
