{#- A fixed price of a market with a price to compare is a promotion; the regular price is then the variant's own. -#}
with fixed as (
    select
        {{ envelope() }},
        variant_key,
        price_list,
        price_currency as currency,
        price_amount as amount,
        case when compare_at_amount > price_amount then 'promotion' else 'regular' end as kind
    from {{ ref('stg_shopify__price_lists') }}
),

prices as (
    select * from fixed
    union all
    select
        {{ envelope('variants') }},
        variants.source_key,
        'online_eur',
        'EUR',
        variants.price_amount,
        'regular'
    from {{ ref('stg_shopify__variants') }} as variants
    left join fixed on fixed.variant_key = variants.source_key and fixed.kind = 'regular' and not fixed.is_deleted
    where fixed.record_id is null
)

select
    {{ conformed('prices', {
        'product_record_id': "'shopify:' || variant_key",
        'price_list': 'prices.price_list',
        'currency': 'prices.currency',
        'amount': 'amount',
        'tax_basis': 'lists.tax_basis',
        'tax_rate': 'lists.tax_rate',
        'min_quantity': '1',
        'kind': 'kind',
    }, alias='prices') }}
from prices
left join {{ ref('price_lists') }} as lists on prices.price_list = lists.price_list
