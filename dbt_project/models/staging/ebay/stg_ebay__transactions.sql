{{ config(materialized='view') }}
with versions as (
    {{ latest_per_key(source('ebay', 'transactions')) }}
),

parsed as (
    select
        *,
        {{ from_payload({
            'transactionType': 'VARCHAR', 'transactionStatus': 'VARCHAR', 'bookingEntry': 'VARCHAR',
            'orderId': 'VARCHAR', 'payoutId': 'VARCHAR', 'transactionDate': 'VARCHAR',
            'amount': {'value': 'VARCHAR', 'currency': 'VARCHAR'}, 'totalFeeAmount': {'value': 'VARCHAR'},
        }) }} as payload
    from versions
)

select
    {{ envelope() }},
    'ebay:' || payload.orderId as order_record_id,
    'ebay:' || payload.payoutId as payout_record_id,
    payload.transactionType as kind,
    payload.transactionStatus as status,
    cast(payload.amount.value as decimal(18, 4)) * case payload.bookingEntry when 'DEBIT' then -1 else 1 end as amount,
    cast(payload.totalFeeAmount.value as decimal(18, 4)) as fee_amount,
    payload.amount.currency as currency,
    cast(cast(payload.transactionDate as timestamptz) as timestamp) as booked_at
from parsed
