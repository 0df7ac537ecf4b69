{{ config(materialized='view') }}
with versions as (
    {{ latest_per_key(source('stripe', 'refunds')) }}
),

parsed as (
    select
        *,
        {{ from_payload({
            'charge': 'VARCHAR', 'amount': 'BIGINT', 'currency': 'VARCHAR', 'status': 'VARCHAR', 'reason': 'VARCHAR',
            'failure_reason': 'VARCHAR',
        }) }} as payload
    from versions
)

select
    {{ envelope() }},
    'stripe:' || payload.charge as charge_record_id,
    {{ from_minor_units('payload.amount', 'payload.currency') }} as refund_amount,
    upper(payload.currency) as refund_currency,
    payload.status,
    payload.reason,
    payload.failure_reason
from parsed
