{#- The outlet sells at the retail price list's prices, tax in them; a sale is a promotion with its window. -#}
with sold as (
    select {{ envelope() }}, price_amount, sale_amount, sale_from_at, sale_to_at, tax_class
    from {{ ref('stg_woocommerce__variations') }}
    union all
    select {{ envelope() }}, price_amount, sale_amount, sale_from_at, sale_to_at, tax_class
    from {{ ref('stg_woocommerce__products') }}
    where not has_variations
),

prices as (
    select
        {{ envelope() }},
        record_id as product_record_id,
        tax_class,
        price_amount as amount,
        'regular' as kind,
        cast(null as timestamp) as valid_from_at,
        cast(null as timestamp) as valid_to_at
    from sold
    where price_amount is not null

    union all

    select
        record_id || '-sale', system, source_key || '-sale', unit, load_id, event_at, extracted_at, is_deleted,
        record_id,
        tax_class,
        sale_amount,
        'promotion',
        sale_from_at,
        sale_to_at
    from sold
    where sale_amount is not null
)

select
    {{ conformed('prices', {
        'product_record_id': 'product_record_id',
        'price_list': "'retail_czk'",
        'currency': 'lists.currency',
        'amount': 'amount',
        'tax_basis': 'lists.tax_basis',
        'tax_rate': "case tax_class when 'reduced-rate' then 12 else lists.tax_rate end",
        'min_quantity': '1',
        'valid_from_at': 'valid_from_at',
        'valid_to_at': 'valid_to_at',
        'kind': 'kind',
    }, alias='prices') }}
from prices
left join {{ ref('price_lists') }} as lists on lists.price_list = 'retail_czk'
