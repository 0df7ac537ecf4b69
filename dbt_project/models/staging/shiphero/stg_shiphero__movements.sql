{{ config(materialized='view') }}
with versions as (
    {{ latest_per_key(source('shiphero', 'movements')) }}
),

parsed as (
    select
        *,
        {{ from_payload({
            'sku': 'VARCHAR', 'warehouse_id': 'VARCHAR', 'previous_on_hand': 'BIGINT', 'change_in_on_hand': 'BIGINT', 'reason': 'VARCHAR',
            'created_at': 'TIMESTAMP',
        }) }} as payload
    from versions
)

select
    {{ envelope() }},
    payload.sku,
    payload.warehouse_id as warehouse_key,
    payload.previous_on_hand as previous_quantity,
    payload.change_in_on_hand as changed_quantity,
    payload.reason,
    payload.created_at as moved_at
from parsed
