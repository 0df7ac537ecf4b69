{{ config(materialized='view') }}
with versions as (
    {{ latest_per_key(source('xero', 'payments')) }}
),

parsed as (
    select
        *,
        {{ from_payload({
            'Amount': 'VARCHAR', 'Status': 'VARCHAR', 'IsReconciled': 'BOOLEAN',
            'Invoice': {'InvoiceID': 'VARCHAR', 'CurrencyCode': 'VARCHAR'},
        }) }} as payload
    from versions
)

select
    {{ envelope() }},
    'xero:' || payload.Invoice.InvoiceID as invoice_record_id,
    cast(payload.Amount as decimal(18, 4)) as paid_amount,
    payload.Invoice.CurrencyCode as currency,
    payload.Status as status,
    payload.IsReconciled as is_reconciled
from parsed
