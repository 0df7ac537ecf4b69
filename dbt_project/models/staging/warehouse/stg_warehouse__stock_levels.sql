{{ config(materialized='view') }}
with versions as (
    {{ latest_per_key(source('warehouse', 'stock'), [
        'location', 'sku', 'gtin', 'on_hand', 'reserved', 'counted_at',
    ]) }}
)

select
    {{ envelope() }},
    location,
    {{ clean_text('sku') }} as sku,
    {{ clean_text('gtin') }} as gtin,
    on_hand as on_hand_quantity,
    reserved as reserved_quantity,
    on_hand - reserved as available_quantity,
    counted_at
from versions
