{{ config(materialized='view') }}
with versions as (
    {{ latest_per_key(source('pos', 'receipt_lines'), [
        'receipt_code', 'line', 'store_code', 'article_code', 'quantity', 'unit_amount', 'total_amount', 'tax_rate', 'sold_at',
    ], arrived_at='updated_at', clocks=ref('stg_pos__clocks')) }}
)

select
    {{ envelope() }},
    'pos:' || receipt_code as receipt_record_id,
    line,
    store_code,
    'pos:' || article_code as product_record_id,
    quantity,
    unit_amount,
    total_amount,
    tax_rate,
    sold_at
from versions
