{{ config(materialized='view') }}
with versions as (
    {{ latest_per_key(source('hubspot', 'tickets')) }}
),

parsed as (
    select
        *,
        {{ from_payload({
            'properties': {
                'hs_pipeline_stage': 'VARCHAR', 'hs_ticket_priority': 'VARCHAR', 'source_type': 'VARCHAR', 'closed_date': 'VARCHAR',
            },
            'associations': {'contacts': {'results': [{'id': 'VARCHAR'}]}, 'orders': {'results': [{'id': 'VARCHAR'}]}},
            'createdAt': 'VARCHAR',
        }) }} as payload
    from versions
)

select
    {{ envelope() }},
    'hubspot:' || {{ nth('payload.associations.contacts.results', 1) }}.id as customer_record_id,
    'hubspot:' || {{ nth('payload.associations.orders.results', 1) }}.id as order_record_id,
    payload.properties.hs_pipeline_stage as stage,
    lower(payload.properties.hs_ticket_priority) as priority,
    lower(payload.properties.source_type) as channel,
    cast(cast(payload.createdAt as timestamptz) as timestamp) as opened_at,
    cast(cast(payload.properties.closed_date as timestamptz) as timestamp) as closed_at
from parsed
