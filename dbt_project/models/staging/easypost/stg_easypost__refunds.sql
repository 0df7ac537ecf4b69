{{ config(materialized='view') }}
with versions as (
    {{ latest_per_key(source('easypost', 'refunds')) }}
),

parsed as (
    select
        *,
        {{ from_payload({'shipment_id': 'VARCHAR', 'tracking_code': 'VARCHAR', 'status': 'VARCHAR', 'carrier': 'VARCHAR'}) }} as payload
    from versions
)

select
    {{ envelope() }},
    'easypost:' || payload.shipment_id as shipment_record_id,
    payload.tracking_code,
    payload.status,
    payload.carrier
from parsed
