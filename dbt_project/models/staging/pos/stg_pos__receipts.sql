{{ config(materialized='view') }}
with versions as (
    {{ latest_per_key(source('pos', 'receipts'), [
        'store_code', 'till', 'number', 'customer_code', 'currency', 'total_amount', 'payment', 'sold_at',
    ]) }}
)

select
    {{ envelope() }},
    store_code,
    till,
    number,
    'pos:' || customer_code as customer_record_id,
    currency,
    total_amount,
    payment,
    sold_at
from versions
