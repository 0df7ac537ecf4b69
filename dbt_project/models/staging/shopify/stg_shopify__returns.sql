{{ config(materialized='view') }}
with versions as (
    {{ latest_per_key(source('shopify', 'returns')) }}
),

parsed as (
    select
        *,
        {{ from_payload({
            'order': {'legacyResourceId': 'VARCHAR'}, 'name': 'VARCHAR', 'status': 'VARCHAR', 'totalQuantity': 'BIGINT',
            'createdAt': 'VARCHAR', 'requestApprovedAt': 'VARCHAR', 'closedAt': 'VARCHAR',
        }) }} as payload
    from versions
)

select
    {{ envelope() }},
    'shopify:' || payload."order".legacyResourceId as order_record_id,
    payload.name as return_number,
    lower(payload.status) as status,
    payload.totalQuantity as returned_quantity,
    cast(cast(payload.createdAt as timestamptz) as timestamp) as requested_at,
    cast(cast(payload.requestApprovedAt as timestamptz) as timestamp) as approved_at,
    cast(cast(payload.closedAt as timestamptz) as timestamp) as closed_at
from parsed
