{{ config(materialized='view') }}
with versions as (
    {{ latest_per_key(source('xero', 'credit_notes')) }}
),

parsed as (
    select
        *,
        {{ from_payload({
            'Type': 'VARCHAR', 'CreditNoteNumber': 'VARCHAR', 'Reference': 'VARCHAR', 'Contact': {'ContactID': 'VARCHAR'},
            'Status': 'VARCHAR', 'CurrencyCode': 'VARCHAR', 'SubTotal': 'VARCHAR', 'TotalTax': 'VARCHAR', 'Total': 'VARCHAR',
            'RemainingCredit': 'VARCHAR',
        }) }} as payload
    from versions
)

select
    {{ envelope() }},
    payload.CreditNoteNumber as credit_note_number,
    payload.Reference as order_number,
    'xero:' || payload.Contact.ContactID as customer_record_id,
    payload.Type = 'ACCRECCREDIT' as is_sale,
    payload.Status as status,
    cast(payload.SubTotal as decimal(18, 4)) as net_amount,
    cast(payload.TotalTax as decimal(18, 4)) as tax_amount,
    cast(payload.Total as decimal(18, 4)) as total_amount,
    cast(payload.RemainingCredit as decimal(18, 4)) as remaining_amount,
    payload.CurrencyCode as currency
from parsed
