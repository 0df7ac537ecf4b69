{{ config(materialized='view') }}
with versions as (
    {{ latest_per_key(source('ebay', 'payouts')) }}
),

parsed as (
    select
        *,
        {{ from_payload({
            'payoutStatus': 'VARCHAR', 'payoutDate': 'VARCHAR', 'bankReference': 'VARCHAR', 'transactionCount': 'BIGINT',
            'amount': {'value': 'VARCHAR', 'currency': 'VARCHAR'},
        }) }} as payload
    from versions
)

select
    {{ envelope() }},
    payload.payoutStatus as status,
    payload.bankReference as bank_reference,
    payload.transactionCount as transaction_count,
    cast(payload.amount.value as decimal(18, 4)) as amount,
    payload.amount.currency as currency,
    cast(cast(payload.payoutDate as timestamptz) as timestamp) as paid_at
from parsed
