{{ config(materialized='view') }}
with versions as (
    {{ latest_per_key(source('square', 'loyalty_accounts')) }}
),

parsed as (
    select
        *,
        {{ from_payload({'customer_id': 'VARCHAR', 'balance': 'BIGINT', 'lifetime_points': 'BIGINT', 'enrolled_at': 'VARCHAR'}) }} as payload
    from versions
)

select
    {{ envelope() }},
    'square:' || payload.customer_id as customer_record_id,
    payload.balance as points_balance,
    payload.lifetime_points,
    cast(cast(payload.enrolled_at as timestamptz) as timestamp) as enrolled_at
from parsed
