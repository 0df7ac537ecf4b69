{{ config(materialized='view') }}
with versions as (
    {{ latest_per_key(source('square', 'payments')) }}
),

parsed as (
    select
        *,
        {{ from_payload({
            'order_id': 'VARCHAR', 'customer_id': 'VARCHAR', 'status': 'VARCHAR', 'source_type': 'VARCHAR', 'created_at': 'VARCHAR',
            'amount_money': {'amount': 'BIGINT', 'currency': 'VARCHAR'},
        }) }} as payload
    from versions
)

select
    {{ envelope() }},
    'square:' || payload.order_id as order_record_id,
    'square:' || payload.customer_id as customer_record_id,
    payload.status,
    payload.source_type as payment_method,
    {{ from_minor_units('payload.amount_money.amount', 'payload.amount_money.currency') }} as paid_amount,
    payload.amount_money.currency as currency,
    cast(cast(payload.created_at as timestamptz) as timestamp) as paid_at
from parsed
