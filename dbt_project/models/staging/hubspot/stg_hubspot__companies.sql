with versions as (
    {{ latest_per_key(source('hubspot', 'companies')) }}
),

parsed as (
    select
        *,
        {{ from_payload({
            'properties': {
                'name': 'VARCHAR', 'domain': 'VARCHAR', 'phone': 'VARCHAR', 'address': 'VARCHAR', 'city': 'VARCHAR',
                'zip': 'VARCHAR', 'hs_country_code': 'VARCHAR',
            },
        }) }} as payload
    from versions
)

select
    {{ envelope() }},
    {{ clean_text('payload.properties.name') }} as company_name,
    {{ clean_text('payload.properties.domain') }} as domain_name,
    {{ clean_text('payload.properties.phone') }} as phone,
    {{ clean_text('payload.properties.address') }} as street,
    {{ clean_text('payload.properties.city') }} as city,
    {{ clean_text('payload.properties.zip') }} as zip,
    {{ clean_text('payload.properties.hs_country_code') }} as country_code
from parsed
