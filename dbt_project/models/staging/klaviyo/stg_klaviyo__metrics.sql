{{ config(materialized='view') }}
with versions as (
    {{ latest_per_key(source('klaviyo', 'metrics')) }}
),

parsed as (
    select
        *,
        {{ from_payload({'attributes': {'name': 'VARCHAR'}}) }} as payload
    from versions
)

select
    {{ envelope() }},
    payload.attributes.name as metric_name
from parsed
