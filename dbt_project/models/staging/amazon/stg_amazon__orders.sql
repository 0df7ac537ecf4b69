{{ config(materialized='view') }}
with versions as (
    {{ latest_per_key(source('amazon', 'orders')) }}
),

parsed as (
    select
        *,
        {{ from_payload({
            'createdTime': 'VARCHAR',
            'salesChannel': {'marketplaceName': 'VARCHAR'},
            'buyer': {'buyerEmail': 'VARCHAR'},
            'proceeds': {'grandTotal': {'amount': 'VARCHAR', 'currencyCode': 'VARCHAR'}},
            'fulfillment': {'fulfillmentStatus': 'VARCHAR', 'fulfilledBy': 'VARCHAR'},
        }) }} as payload
    from versions
)

select
    {{ envelope() }},
    payload.salesChannel.marketplaceName as marketplace,
    payload.buyer.buyerEmail as buyer_relay_email,
    cast(payload.proceeds.grandTotal.amount as decimal(18, 4)) as total_amount,
    payload.proceeds.grandTotal.currencyCode as currency,
    payload.fulfillment.fulfillmentStatus as status,
    payload.fulfillment.fulfilledBy = 'AMAZON' as is_sent_by_amazon,
    cast(cast(payload.createdTime as timestamptz) as timestamp) as sold_at
from parsed
