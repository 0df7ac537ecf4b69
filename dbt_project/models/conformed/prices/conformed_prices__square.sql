{#- The stands ask the retail price list's prices. Their rate of tax is none of the record's, so that no price is golden by them. -#}
select
    {{ conformed('prices', {
        'product_record_id': 'record_id',
        'price_list': "'retail_czk'",
        'currency': 'currency',
        'amount': 'price_amount',
        'tax_basis': "'gross'",
        'min_quantity': '1',
        'kind': "'regular'",
    }) }}
from {{ ref('stg_square__variations') }}
where price_amount is not null and is_fixed_price
