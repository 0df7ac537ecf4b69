{{ config(materialized='view') }}
with versions as (
    {{ latest_per_key(source('stripe', 'payouts')) }}
),

parsed as (
    select
        *,
        {{ from_payload({
            'amount': 'BIGINT', 'currency': 'VARCHAR', 'status': 'VARCHAR', 'arrival_date': 'BIGINT',
            'reconciliation_status': 'VARCHAR', 'failure_code': 'VARCHAR', 'statement_descriptor': 'VARCHAR',
        }) }} as payload
    from versions
)

select
    {{ envelope() }},
    {{ from_minor_units('payload.amount', 'payload.currency') }} as payout_amount,
    upper(payload.currency) as payout_currency,
    payload.status,
    cast(make_timestamp(payload.arrival_date * 1000000) as date) as arrives_on,
    payload.reconciliation_status,
    payload.failure_code,
    payload.statement_descriptor
from parsed
