{{ config(materialized='view') }}
with versions as (
    {{ latest_per_key(source('adyen', 'settlements'), [
        'merchant_account', 'psp_reference', 'merchant_reference', 'payment_method', 'type', 'net_currency',
        'gross_credit', 'gross_debit', 'net_credit', 'net_debit', 'commission', 'batch_number',
    ]) }}
)

select
    {{ envelope() }},
    merchant_account,
    nullif(psp_reference, '') as payment_reference,
    'pos:' || nullif(merchant_reference, '') as receipt_record_id,
    type as line_type,
    nullif(payment_method, '') as payment_method,
    coalesce(gross_credit, 0) - coalesce(gross_debit, 0) as gross_amount,
    coalesce(net_credit, 0) - coalesce(net_debit, 0) as net_amount,
    commission as fee_amount,
    net_currency as currency,
    batch_number
from versions
