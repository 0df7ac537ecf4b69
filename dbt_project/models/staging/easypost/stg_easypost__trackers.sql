{{ config(materialized='view') }}
with versions as (
    {{ latest_per_key(source('easypost', 'trackers')) }}
),

parsed as (
    select
        *,
        {{ from_payload({
            'tracking_code': 'VARCHAR', 'status': 'VARCHAR', 'carrier': 'VARCHAR', 'shipment_id': 'VARCHAR', 'created_at': 'VARCHAR',
        }) }} as payload
    from versions
)

select
    {{ envelope() }},
    payload.tracking_code,
    payload.carrier,
    payload.status,
    'easypost:' || payload.shipment_id as shipment_record_id,
    cast(cast(payload.created_at as timestamptz) as timestamp) as followed_at
from parsed
