{{ config(materialized='view') }}
with versions as (
    {{ latest_per_key(source('sendcloud', 'returns')) }}
),

parsed as (
    select
        *,
        {{ from_payload({
            'order_number': 'VARCHAR', 'status': 'VARCHAR', 'tracking_number': 'VARCHAR', 'created_at': 'VARCHAR', 'delivered_at_iso': 'VARCHAR',
            'refund': {'refund_type': 'VARCHAR', 'total_refund': {'value': 'VARCHAR', 'currency': 'VARCHAR'}},
            'label_cost': {'value': 'VARCHAR', 'currency': 'VARCHAR'},
        }) }} as payload
    from versions
)

select
    {{ envelope() }},
    payload.order_number,
    payload.status,
    payload.tracking_number as tracking_code,
    payload.refund.refund_type,
    cast(payload.refund.total_refund.value as decimal(18, 4)) as refund_amount,
    payload.refund.total_refund.currency as refund_currency,
    cast(payload.label_cost.value as decimal(18, 4)) as label_amount,
    payload.label_cost.currency as label_currency,
    cast(cast(payload.created_at as timestamptz) as timestamp) as announced_at,
    cast(cast(payload.delivered_at_iso as timestamptz) as timestamp) as arrived_at
from parsed
