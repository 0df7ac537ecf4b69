{{ config(materialized='view') }}
with versions as (
    {{ latest_per_key(source('warehouse', 'shipments'), [
        'order_reference', 'carrier', 'tracking_no', 'weight_g', 'status', 'shipped_at',
    ]) }}
)

select
    {{ envelope() }},
    order_reference as order_record_id,
    carrier,
    tracking_no as tracking_number,
    weight_g,
    status,
    shipped_at
from versions
