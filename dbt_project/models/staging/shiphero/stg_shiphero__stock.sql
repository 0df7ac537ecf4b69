{{ config(materialized='view') }}
with versions as (
    {{ latest_per_key(source('shiphero', 'stock')) }}
),

parsed as (
    select
        *,
        {{ from_payload({
            'sku': 'VARCHAR', 'warehouse_id': 'VARCHAR', 'on_hand': 'BIGINT', 'allocated': 'BIGINT', 'available': 'BIGINT',
        }) }} as payload
    from versions
)

select
    {{ envelope() }},
    payload.sku,
    payload.warehouse_id as warehouse_key,
    payload.on_hand as on_hand_quantity,
    payload.allocated as allocated_quantity,
    payload.available as available_quantity
from parsed
