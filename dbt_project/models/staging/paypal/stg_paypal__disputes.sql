{{ config(materialized='view') }}
with versions as (
    {{ latest_per_key(source('paypal', 'disputes')) }}
),

parsed as (
    select
        *,
        {{ from_payload({
            'disputed_transactions': [{'seller_transaction_id': 'VARCHAR', 'custom': 'VARCHAR'}],
            'dispute_amount': {'value': 'VARCHAR', 'currency_code': 'VARCHAR'},
            'dispute_outcome': {'outcome_code': 'VARCHAR', 'amount_refunded': {'value': 'VARCHAR'}},
            'reason': 'VARCHAR', 'status': 'VARCHAR', 'dispute_life_cycle_stage': 'VARCHAR', 'create_time': 'VARCHAR',
            'seller_response_due_date': 'VARCHAR',
        }) }} as payload
    from versions
)

select
    {{ envelope() }},
    {{ nth('payload.disputed_transactions', 1) }}.seller_transaction_id as transaction_id,
    {{ nth('payload.disputed_transactions', 1) }}.custom as order_key,
    payload.reason,
    payload.status,
    payload.dispute_life_cycle_stage as stage,
    payload.dispute_outcome.outcome_code as outcome,
    cast(payload.dispute_amount.value as decimal(18, 4)) as disputed_amount,
    cast(payload.dispute_outcome.amount_refunded.value as decimal(18, 4)) as refunded_amount,
    payload.dispute_amount.currency_code as currency,
    cast(cast(payload.create_time as timestamptz) as timestamp) as opened_at,
    cast(cast(payload.seller_response_due_date as timestamptz) as timestamp) as response_due_at
from parsed
