{{ config(materialized='view') }}
with versions as (
    {{ latest_per_key(source('sumup', 'payouts')) }}
),

parsed as (
    select
        *,
        {{ from_payload({
            'type': 'VARCHAR', 'amount': 'VARCHAR', 'fee': 'VARCHAR', 'currency': 'VARCHAR', 'date': 'DATE', 'status': 'VARCHAR',
            'reference': 'VARCHAR', 'transaction_code': 'VARCHAR',
        }) }} as payload
    from versions
)

select
    {{ envelope() }},
    payload.type as payout_type,
    payload.status,
    cast(payload.amount as decimal(18, 4)) as net_amount,
    cast(payload.fee as decimal(18, 4)) as fee_amount,
    payload.currency,
    payload.date as paid_out_on,
    payload.reference,
    payload.transaction_code
from parsed
