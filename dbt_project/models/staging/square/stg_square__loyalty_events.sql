{{ config(materialized='view') }}
with versions as (
    {{ latest_per_key(source('square', 'loyalty_events')) }}
),

parsed as (
    select
        *,
        {{ from_payload({
            'type': 'VARCHAR', 'loyalty_account_id': 'VARCHAR', 'created_at': 'VARCHAR',
            'accumulate_points': {'points': 'BIGINT', 'order_id': 'VARCHAR'}, 'create_reward': {'points': 'BIGINT'},
            'delete_reward': {'points': 'BIGINT'}, 'adjust_points': {'points': 'BIGINT'}, 'expire_points': {'points': 'BIGINT'},
            'other_event': {'points': 'BIGINT'},
        }) }} as payload
    from versions
)

select
    {{ envelope() }},
    'square:' || payload.loyalty_account_id as account_record_id,
    'square:' || payload.accumulate_points.order_id as order_record_id,
    lower(payload.type) as reason,
    coalesce(
        payload.accumulate_points.points, payload.create_reward.points, payload.delete_reward.points, payload.adjust_points.points,
        payload.expire_points.points, payload.other_event.points
    ) as points_change,
    cast(cast(payload.created_at as timestamptz) as timestamp) as booked_at
from parsed
