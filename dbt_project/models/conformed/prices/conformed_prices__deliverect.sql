{#- What the delivery services ask answers to no price list of ours: the prices are kept, and wait as `unknown price list`. -#}
select
    {{ conformed('prices', {
        'product_record_id': 'article_record_id',
        'price_list': "'deliverect'",
        'amount': 'price_amount',
        'tax_basis': "'gross'",
        'tax_rate': 'tax_rate',
        'min_quantity': '1',
        'kind': "'regular'",
    }) }}
from {{ ref('stg_deliverect__products') }}
where is_sold_alone
