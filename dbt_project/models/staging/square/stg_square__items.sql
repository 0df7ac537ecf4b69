with versions as (
    {{ latest_per_key(source('square', 'items')) }}
),

parsed as (
    select
        *,
        {{ from_payload({
            'item_data': {'name': 'VARCHAR', 'is_archived': 'BOOLEAN'},
        }) }} as payload
    from versions
)

select
    {{ envelope() }},
    {{ clean_text('payload.item_data.name') }} as item_name,
    coalesce(payload.item_data.is_archived, false) as is_archived
from parsed
