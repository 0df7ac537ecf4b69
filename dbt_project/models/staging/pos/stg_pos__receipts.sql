{{ config(materialized='view') }}
with versions as (
    {{ latest_per_key(source('pos', 'receipts'), [
        'store_code', 'till', 'number', 'customer_code', 'currency', 'total_amount', 'payment', 'sold_at',
    ], arrived_at='updated_at', clocks=ref('stg_pos__clocks')) }}
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
