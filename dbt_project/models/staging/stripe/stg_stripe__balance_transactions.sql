{{ config(materialized='view') }}
with versions as (
    {{ latest_per_key(source('stripe', 'balance_transactions')) }}
),

parsed as (
    select
        *,
        {{ from_payload({
            'source': 'VARCHAR', 'payout': 'VARCHAR', 'type': 'VARCHAR', 'reporting_category': 'VARCHAR', 'status': 'VARCHAR',
            'currency': 'VARCHAR', 'amount': 'BIGINT', 'fee': 'BIGINT', 'net': 'BIGINT', 'created': 'BIGINT', 'available_on': 'BIGINT',
        }) }} as payload
    from versions
)

select
    {{ envelope() }},
    'stripe:' || payload.source as source_record_id,
    'stripe:' || payload.payout as payout_record_id,
    payload.type as movement_type,
    payload.reporting_category,
    payload.status,
    {{ from_minor_units('payload.amount', 'payload.currency') }} as gross_amount,
    {{ from_minor_units('payload.fee', 'payload.currency') }} as fee_amount,
    {{ from_minor_units('payload.net', 'payload.currency') }} as net_amount,
    upper(payload.currency) as currency,
    make_timestamp(payload.created * 1000000) as moved_at,
    cast(make_timestamp(payload.available_on * 1000000) as date) as available_on
from parsed
