{{ config(materialized='view') }}
with versions as (
    {{ latest_per_key(source('stripe', 'charges')) }}
),

parsed as (
    select
        *,
        {{ from_payload({
            'customer': 'VARCHAR', 'amount': 'BIGINT', 'amount_refunded': 'BIGINT', 'currency': 'VARCHAR', 'status': 'VARCHAR',
            'metadata': {'shopify_order_id': 'VARCHAR'},
        }) }} as payload
    from versions
)

select
    {{ envelope() }},
    'stripe:' || payload.customer as customer_record_id,
    'shopify:' || payload.metadata.shopify_order_id as order_record_id,
    {{ from_minor_units('payload.amount', 'payload.currency') }} as charge_amount,
    {{ from_minor_units('payload.amount_refunded', 'payload.currency') }} as refunded_amount,
    upper(payload.currency) as charge_currency,
    payload.status
from parsed
