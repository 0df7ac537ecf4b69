{{ config(materialized='view') }}
with versions as (
    {{ latest_per_key(source('shiphero', 'shipments')) }}
),

parsed as (
    select
        *,
        {{ from_payload({
            'order_id': 'VARCHAR', 'created_date': 'TIMESTAMP', 'delivered': 'BOOLEAN', 'refunded': 'BOOLEAN',
            'shipping_labels': [{'tracking_number': 'VARCHAR', 'carrier': 'VARCHAR', 'cost': 'VARCHAR'}],
        }) }} as payload
    from versions
)

select
    {{ envelope() }},
    'shiphero:' || payload.order_id as order_record_id,
    {{ nth('payload.shipping_labels', 1) }}.carrier as carrier,
    {{ nth('payload.shipping_labels', 1) }}.tracking_number as tracking_code,
    cast({{ nth('payload.shipping_labels', 1) }}.cost as decimal(18, 4)) as label_amount,
    payload.delivered as is_delivered,
    payload.refunded as is_refunded,
    payload.created_date as shipped_at
from parsed
