with versions as (
    {{ latest_per_key(source('shopify', 'price_lists')) }}
),

parsed as (
    select
        *,
        {{ from_payload({
            'priceList': {'name': 'VARCHAR', 'currency': 'VARCHAR'}, 'variant': {'legacyResourceId': 'VARCHAR'},
            'price': {'amount': 'VARCHAR', 'currencyCode': 'VARCHAR'}, 'compareAtPrice': {'amount': 'VARCHAR'},
        }) }} as payload
    from versions
)

select
    {{ envelope() }},
    {{ clean_text('payload.priceList.name') }} as price_list,
    payload.variant.legacyResourceId as variant_key,
    cast(payload.price.amount as decimal(18, 4)) as price_amount,
    payload.price.currencyCode as price_currency,
    cast(payload.compareAtPrice.amount as decimal(18, 4)) as compare_at_amount
from parsed
