{#- What the marketplace asks answers to no price list of ours: the prices are kept and compared, and wait as `unknown price list`. -#}
select
    {{ conformed('prices', {
        'product_record_id': 'record_id',
        'price_list': "'marketplace_eur'",
        'currency': 'currency',
        'amount': 'price_amount',
        'tax_basis': "'gross'",
        'tax_rate': '19',
        'min_quantity': '1',
        'kind': "'regular'",
    }) }}
from {{ ref('stg_amazon__listings') }}
where price_amount is not null
