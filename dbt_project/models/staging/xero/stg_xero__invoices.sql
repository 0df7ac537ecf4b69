{{ config(materialized='view') }}
with versions as (
    {{ latest_per_key(source('xero', 'invoices')) }}
),

parsed as (
    select
        *,
        {{ from_payload({
            'Type': 'VARCHAR', 'InvoiceNumber': 'VARCHAR', 'Reference': 'VARCHAR', 'Contact': {'ContactID': 'VARCHAR'},
            'Status': 'VARCHAR', 'CurrencyCode': 'VARCHAR', 'SubTotal': 'VARCHAR', 'TotalTax': 'VARCHAR', 'Total': 'VARCHAR',
            'AmountDue': 'VARCHAR',
        }) }} as payload
    from versions
)

select
    {{ envelope() }},
    payload.InvoiceNumber as invoice_number,
    payload.Reference as order_number,
    'xero:' || payload.Contact.ContactID as customer_record_id,
    payload.Type = 'ACCREC' as is_sale,
    payload.Status as status,
    cast(payload.SubTotal as decimal(18, 4)) as net_amount,
    cast(payload.TotalTax as decimal(18, 4)) as tax_amount,
    cast(payload.Total as decimal(18, 4)) as total_amount,
    cast(payload.AmountDue as decimal(18, 4)) as due_amount,
    payload.CurrencyCode as currency
from parsed
