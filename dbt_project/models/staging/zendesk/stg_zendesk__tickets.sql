{{ config(materialized='view') }}
with versions as (
    {{ latest_per_key(source('zendesk', 'tickets')) }}
),

parsed as (
    select
        *,
        {{ from_payload({
            'requester_id': 'BIGINT', 'status': 'VARCHAR', 'type': 'VARCHAR', 'priority': 'VARCHAR', 'external_id': 'VARCHAR',
            'created_at': 'VARCHAR',
        }) }} as payload
    from versions
)

select
    {{ envelope() }},
    'zendesk:' || payload.requester_id as customer_record_id,
    payload.external_id as order_record_id,
    payload.status,
    payload.type as ticket_type,
    payload.priority,
    cast(cast(payload.created_at as timestamptz) as timestamp) as opened_at
from parsed
