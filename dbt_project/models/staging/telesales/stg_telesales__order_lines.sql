{{ config(materialized='view') }}
with versions as (
    {{ latest_per_key(source('telesales', 'orders'), [
        'order_no', 'line', 'customer_no', 'sku', 'quantity', 'unit_price', 'currency', 'tax_rate',
        'payment', 'ordered_at',
    ]) }}
)

select
    {{ envelope() }},
    order_no,
    line,
    'telesales:' || customer_no as customer_record_id,
    {{ clean_text('sku') }} as sku,
    quantity,
    unit_price as unit_amount,
    quantity * unit_price as total_amount,
    currency,
    tax_rate,
    payment as payment_method,
    ordered_at
from versions
