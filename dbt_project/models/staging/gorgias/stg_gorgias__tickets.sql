{{ config(materialized='view') }}
with versions as (
    {{ latest_per_key(source('gorgias', 'tickets')) }}
),

parsed as (
    select
        *,
        {{ from_payload({
            'customer': {'id': 'BIGINT'}, 'status': 'VARCHAR', 'priority': 'VARCHAR', 'channel': 'VARCHAR', 'external_id': 'VARCHAR',
            'created_datetime': 'VARCHAR',
        }) }} as payload
    from versions
)

select
    {{ envelope() }},
    'gorgias:' || payload.customer.id as customer_record_id,
    payload.external_id as order_record_id,
    payload.status,
    payload.channel,
    payload.priority,
    cast(cast(payload.created_datetime as timestamptz) as timestamp) as opened_at
from parsed
