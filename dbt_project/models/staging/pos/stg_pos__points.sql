{#- A booking never changes, so that no other version waits for the till's clock to be set right. -#}
{{ config(materialized='view') }}
with versions as (
    {{ latest_per_key(source('pos', 'points'), [
        'receipt_code', 'store_code', 'customer_code', 'loyalty_code', 'points', 'booked_at',
    ]) }}
)

select
    {{ envelope() }},
    'pos:' || receipt_code as receipt_record_id,
    'pos:' || customer_code as customer_record_id,
    loyalty_code,
    store_code,
    points as points_change,
    booked_at
from versions
