with versions as (
    {{ latest_per_key(source('ebay', 'offers')) }}
),

parsed as (
    select
        *,
        {{ from_payload({
            'sku': 'VARCHAR', 'marketplaceId': 'VARCHAR', 'format': 'VARCHAR', 'status': 'VARCHAR',
            'pricingSummary': {'price': {'value': 'VARCHAR', 'currency': 'VARCHAR'}},
        }) }} as payload
    from versions
)

select
    {{ envelope() }},
    'ebay:' || payload.sku as listing_record_id,
    payload.marketplaceId as marketplace,
    payload.format = 'FIXED_PRICE' as is_fixed_price,
    payload.status = 'PUBLISHED' as is_published,
    try_cast(payload.pricingSummary.price.value as decimal(18, 4)) as price_amount,
    payload.pricingSummary.price.currency as currency
from parsed
