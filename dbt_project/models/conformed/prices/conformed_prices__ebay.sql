{#- What a marketplace asks answers to no price list of ours: the prices are kept and compared, and wait as `unknown price list`. -#}
select
    {{ conformed('prices', {
        'product_record_id': 'listing_record_id',
        'price_list': "'ebay_eur'",
        'currency': 'currency',
        'amount': 'price_amount',
        'tax_basis': "'gross'",
        'tax_rate': '19',
        'min_quantity': '1',
        'kind': "'regular'",
    }) }}
from {{ ref('stg_ebay__offers') }}
where price_amount is not null and is_fixed_price and is_published
