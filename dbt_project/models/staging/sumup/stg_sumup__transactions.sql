{{ config(materialized='view') }}
with versions as (
    {{ latest_per_key(source('sumup', 'transactions')) }}
),

parsed as (
    select
        *,
        {{ from_payload({
            'transaction_code': 'VARCHAR', 'type': 'VARCHAR', 'status': 'VARCHAR', 'amount': 'VARCHAR', 'refunded_amount': 'VARCHAR',
            'currency': 'VARCHAR', 'timestamp': 'VARCHAR', 'product_summary': 'VARCHAR', 'payout_date': 'DATE', 'card_type': 'VARCHAR',
        }) }} as payload
    from versions
)

select
    {{ envelope() }},
    payload.transaction_code,
    payload.type as transaction_type,
    payload.status,
    cast(payload.amount as decimal(18, 4)) as paid_amount,
    coalesce(cast(payload.refunded_amount as decimal(18, 4)), 0) as refunded_amount,
    payload.currency,
    payload.card_type,
    payload.product_summary as invoice_number,
    cast(cast(payload.timestamp as timestamptz) as timestamp) as paid_at,
    payload.payout_date as paid_out_on
from parsed
