{{ config(materialized='view') }}
with versions as (
    {{ latest_per_key(source('square', 'inventory')) }}
),

parsed as (
    select
        *,
        {{ from_payload({
            'catalog_object_id': 'VARCHAR', 'location_id': 'VARCHAR', 'state': 'VARCHAR', 'quantity': 'VARCHAR', 'calculated_at': 'VARCHAR',
        }) }} as payload
    from versions
)

select
    {{ envelope() }},
    'square:' || payload.catalog_object_id as product_record_id,
    payload.location_id as location_key,
    lower(payload.state) as state,
    cast(payload.quantity as decimal(18, 5)) as quantity,
    cast(cast(payload.calculated_at as timestamptz) as timestamp) as counted_at
from parsed
