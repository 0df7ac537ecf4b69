{{ config(materialized='view') }}
with versions as (
    {{ latest_per_key(source('ebay', 'orders')) }}
),

parsed as (
    select
        *,
        {{ from_payload({
            'creationDate': 'VARCHAR', 'orderFulfillmentStatus': 'VARCHAR', 'orderPaymentStatus': 'VARCHAR',
            'buyer': {'username': 'VARCHAR'},
            'pricingSummary': {'total': {'value': 'VARCHAR', 'currency': 'VARCHAR'}},
        }) }} as payload
    from versions
)

select
    {{ envelope() }},
    payload.buyer.username as buyer_name,
    payload.orderFulfillmentStatus as fulfillment_status,
    payload.orderPaymentStatus as payment_status,
    cast(payload.pricingSummary.total.value as decimal(18, 4)) as total_amount,
    payload.pricingSummary.total.currency as currency,
    cast(cast(payload.creationDate as timestamptz) as timestamp) as sold_at
from parsed
