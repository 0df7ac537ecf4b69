{{ config(materialized='view') }}
with versions as (
    {{ latest_per_key(source('quickbooks', 'payments')) }}
),

parsed as (
    select
        *,
        {{ from_payload({
            'TotalAmt': 'VARCHAR', 'UnappliedAmt': 'VARCHAR', 'TxnDate': 'DATE', 'PaymentRefNum': 'VARCHAR',
            'CustomerRef': {'value': 'VARCHAR'}, 'CurrencyRef': {'value': 'VARCHAR'},
            'Line': [{'Amount': 'VARCHAR', 'LinkedTxn': [{'TxnId': 'VARCHAR', 'TxnType': 'VARCHAR'}]}],
        }) }} as payload
    from versions
)

select
    {{ envelope() }},
    'quickbooks:' || payload.CustomerRef.value as customer_record_id,
    case
        when {{ nth(nth('payload.Line', 1) ~ '.LinkedTxn', 1) }}.TxnType = 'Invoice'
            then 'quickbooks:' || {{ nth(nth('payload.Line', 1) ~ '.LinkedTxn', 1) }}.TxnId
    end as invoice_record_id,
    payload.PaymentRefNum as reference,
    payload.TxnDate as paid_on,
    cast(payload.TotalAmt as decimal(18, 4)) as paid_amount,
    cast(payload.UnappliedAmt as decimal(18, 4)) as unapplied_amount,
    payload.CurrencyRef.value as currency
from parsed
