{{ config(materialized='view') }}
with versions as (
    {{ latest_per_key(source('warehouse', 'movements'), [
        'location', 'sku', 'quantity', 'reason', 'reference', 'moved_at',
    ]) }}
)

select
    {{ envelope() }},
    location,
    {{ clean_text('sku') }} as sku,
    quantity,
    reason,
    nullif(reference, '') as order_record_id,
    moved_at
from versions
