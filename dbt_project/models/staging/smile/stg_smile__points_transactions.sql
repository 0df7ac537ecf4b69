{{ config(materialized='view') }}
with versions as (
    {{ latest_per_key(source('smile', 'points_transactions')) }}
),

parsed as (
    select
        *,
        {{ from_payload({
            'customer_id': 'BIGINT', 'points_change': 'BIGINT', 'description': 'VARCHAR', 'created_at': 'VARCHAR',
        }) }} as payload
    from versions
)

select
    {{ envelope() }},
    'smile:' || payload.customer_id as customer_record_id,
    payload.points_change,
    payload.description as reason,
    cast(cast(payload.created_at as timestamptz) as timestamp) as booked_at
from parsed
