{{ config(materialized='view') }}
with versions as (
    {{ latest_per_key(source('klaviyo', 'events')) }}
),

parsed as (
    select
        *,
        {{ from_payload({
            'attributes': {'datetime': 'VARCHAR', 'event_properties': {'$event_id': 'VARCHAR'}},
            'relationships': {'profile': {'data': {'id': 'VARCHAR'}}, 'metric': {'data': {'id': 'VARCHAR'}}},
        }) }} as payload
    from versions
)

select
    {{ envelope() }},
    'klaviyo:' || payload.relationships.profile.data.id as customer_record_id,
    payload.relationships.metric.data.id as metric_key,
    payload.attributes.event_properties."$event_id" as event_key,
    cast(cast(payload.attributes.datetime as timestamptz) as timestamp) as happened_at
from parsed
