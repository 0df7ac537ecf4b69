select
    {{ conformed('prices', {
        'product_record_id': "'pos:' || article_code",
        'price_list': 'price_list',
        'store_code': 'store_code',
        'currency': 'currency',
        'amount': 'amount',
        'tax_basis': 'tax_basis',
        'tax_rate': 'tax_rate',
        'min_quantity': 'min_quantity',
        'valid_from_at': 'valid_from_at',
        'valid_to_at': 'valid_to_at',
        'kind': 'kind',
    }) }}
from {{ ref('stg_pos__prices') }}
