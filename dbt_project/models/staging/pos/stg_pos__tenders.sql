{{ config(materialized='view') }}
with versions as (
    {{ latest_per_key(source('pos', 'tenders'), [
        'receipt_code', 'store_code', 'kind', 'method', 'currency', 'amount', 'paid_at',
    ], arrived_at='updated_at', clocks=ref('stg_pos__clocks')) }}
)

select
    {{ envelope() }},
    'pos:' || receipt_code as receipt_record_id,
    store_code,
    kind,
    method,
    amount,
    currency,
    paid_at
from versions
