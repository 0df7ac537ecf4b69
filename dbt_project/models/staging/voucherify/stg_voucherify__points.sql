{{ config(materialized='view') }}
with versions as (
    {{ latest_per_key(source('voucherify', 'points')) }}
),

parsed as (
    select
        *,
        {{ from_payload({
            'voucher_id': 'VARCHAR', 'type': 'VARCHAR', 'reason': 'VARCHAR', 'created_at': 'VARCHAR',
            'details': {'balance': {'points': 'BIGINT', 'balance': 'BIGINT'}, 'order': {'source_id': 'VARCHAR'}},
        }) }} as payload
    from versions
)

select
    {{ envelope() }},
    'voucherify:' || payload.voucher_id as card_record_id,
    'shopify:' || payload.details."order".source_id as order_record_id,
    case when payload.reason like 'Receipt %' then 'pos:' || substr(payload.reason, 9) end as receipt_record_id,
    lower(replace(payload.type, 'POINTS_', '')) as reason,
    payload.details.balance.points as points_change,
    payload.details.balance.balance as points_balance,
    cast(cast(payload.created_at as timestamptz) as timestamp) as booked_at
from parsed
