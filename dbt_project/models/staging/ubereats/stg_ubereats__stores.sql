{{ config(materialized='view') }}
with versions as (
    {{ latest_per_key(source('ubereats', 'stores')) }}
),

parsed as (
    select
        *,
        {{ from_payload({
            'name': 'VARCHAR', 'partner_store_id': 'VARCHAR', 'timezone': 'VARCHAR',
            'location': {'city': 'VARCHAR', 'country': 'VARCHAR'},
        }) }} as payload
    from versions
)

select
    {{ envelope() }},
    {{ clean_text('payload.name') }} as store_name,
    payload.partner_store_id as store_code,
    payload.timezone,
    {{ clean_text('payload.location.city') }} as city,
    payload.location.country as country_code
from parsed
