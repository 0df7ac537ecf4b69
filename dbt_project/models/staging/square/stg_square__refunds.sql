{{ config(materialized='view') }}
with versions as (
    {{ latest_per_key(source('square', 'refunds')) }}
),

parsed as (
    select
        *,
        {{ from_payload({
            'payment_id': 'VARCHAR', 'order_id': 'VARCHAR', 'location_id': 'VARCHAR', 'status': 'VARCHAR',
            'amount_money': {'amount': 'BIGINT', 'currency': 'VARCHAR'}, 'created_at': 'VARCHAR',
        }) }} as payload
    from versions
)

select
    {{ envelope() }},
    'square:' || payload.payment_id as payment_record_id,
    'square:' || payload.order_id as order_record_id,
    payload.location_id as location_key,
    lower(payload.status) as status,
    {{ from_minor_units('payload.amount_money.amount', 'payload.amount_money.currency') }} as refund_amount,
    payload.amount_money.currency,
    cast(cast(payload.created_at as timestamptz) as timestamp) as refunded_at
from parsed
