{{ config(materialized='view') }}
with versions as (
    {{ latest_per_key(source('voucherify', 'vouchers')) }}
),

parsed as (
    select
        *,
        {{ from_payload({
            'code': 'VARCHAR', 'holder_id': 'VARCHAR', 'active': 'BOOLEAN',
            'loyalty_card': {'points': 'BIGINT', 'balance': 'BIGINT'},
        }) }} as payload
    from versions
)

select
    {{ envelope() }},
    {{ clean_text('payload.code') }} as loyalty_code,
    'voucherify:' || payload.holder_id as customer_record_id,
    payload.loyalty_card.balance as balance_points,
    payload.loyalty_card.points as earned_points,
    payload.active as is_active
from parsed
