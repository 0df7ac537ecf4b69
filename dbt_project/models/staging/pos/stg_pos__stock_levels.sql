{{ config(materialized='view') }}
with versions as (
    {{ latest_per_key(source('pos', 'stock_levels'), [
        'store_code', 'article_code', 'on_hand', 'reserved', 'counted_at',
    ]) }}
)

select
    {{ envelope() }},
    store_code,
    'pos:' || article_code as product_record_id,
    on_hand as on_hand_quantity,
    reserved as reserved_quantity,
    on_hand - reserved as available_quantity,
    counted_at
from versions
