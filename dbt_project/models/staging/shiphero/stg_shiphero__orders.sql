{{ config(materialized='view') }}
with versions as (
    {{ latest_per_key(source('shiphero', 'orders')) }}
),

parsed as (
    select
        *,
        {{ from_payload({
            'order_number': 'VARCHAR', 'partner_order_id': 'VARCHAR', 'shop_name': 'VARCHAR', 'fulfillment_status': 'VARCHAR',
            'total_price': 'VARCHAR', 'order_date': 'TIMESTAMP',
        }) }} as payload
    from versions
)

select
    {{ envelope() }},
    payload.order_number,
    lower(payload.shop_name) || ':' || payload.partner_order_id as order_record_id,
    payload.fulfillment_status,
    cast(payload.total_price as decimal(18, 4)) as total_amount,
    payload.order_date as placed_at
from parsed
