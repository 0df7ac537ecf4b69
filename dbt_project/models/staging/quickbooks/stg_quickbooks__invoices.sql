{{ config(materialized='view') }}
with versions as (
    {{ latest_per_key(source('quickbooks', 'invoices')) }}
),

parsed as (
    select
        *,
        {{ from_payload({
            'DocNumber': 'VARCHAR', 'PrivateNote': 'VARCHAR', 'CustomerRef': {'value': 'VARCHAR'}, 'TxnDate': 'DATE', 'DueDate': 'DATE',
            'TotalAmt': 'VARCHAR', 'Balance': 'VARCHAR', 'TxnTaxDetail': {'TotalTax': 'VARCHAR'}, 'CurrencyRef': {'value': 'VARCHAR'},
        }) }} as payload
    from versions
)

select
    {{ envelope() }},
    payload.DocNumber as invoice_number,
    payload.PrivateNote as order_record_id,
    'quickbooks:' || payload.CustomerRef.value as customer_record_id,
    payload.TxnDate as invoiced_on,
    payload.DueDate as due_on,
    cast(payload.TotalAmt as decimal(18, 4)) - coalesce(cast(payload.TxnTaxDetail.TotalTax as decimal(18, 4)), 0) as net_amount,
    coalesce(cast(payload.TxnTaxDetail.TotalTax as decimal(18, 4)), 0) as tax_amount,
    cast(payload.TotalAmt as decimal(18, 4)) as total_amount,
    cast(payload.Balance as decimal(18, 4)) as due_amount,
    payload.CurrencyRef.value as currency
from parsed
