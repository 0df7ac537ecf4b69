{#- Recommended prices have a list of their own, which nobody masters: they decide nothing and are there to compare with. -#}
select
    {{ conformed('prices', {
        'product_record_id': 'product_record_id',
        'price_list': "'recommended_' || lower(currency)",
        'currency': 'currency',
        'amount': 'recommended_amount',
        'tax_basis': "'gross'",
        'tax_rate': 'tax_rate',
        'min_quantity': '1',
        'valid_from_at': 'cast(valid_from_on as timestamp)',
        'kind': "'regular'",
    }) }}
from {{ ref('stg_supplier__prices') }}
where recommended_amount is not null
