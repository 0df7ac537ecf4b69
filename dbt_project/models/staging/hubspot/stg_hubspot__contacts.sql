with versions as (
    {{ latest_per_key(source('hubspot', 'contacts')) }}
),

parsed as (
    select
        *,
        {{ from_payload({
            'properties': {
                'firstname': 'VARCHAR', 'lastname': 'VARCHAR', 'company': 'VARCHAR', 'email': 'VARCHAR', 'phone': 'VARCHAR',
                'mobilephone': 'VARCHAR', 'address': 'VARCHAR', 'city': 'VARCHAR', 'zip': 'VARCHAR',
                'hs_country_region_code': 'VARCHAR', 'hs_language': 'VARCHAR', 'lifecyclestage': 'VARCHAR',
            },
        }) }} as payload
    from versions
)

select
    {{ envelope() }},
    {{ clean_text('payload.properties.firstname') }} as first_name,
    {{ clean_text('payload.properties.lastname') }} as last_name,
    {{ clean_text('payload.properties.company') }} as company_name,
    {{ clean_text('payload.properties.email') }} as email,
    {{ clean_text('payload.properties.phone') }} as phone,
    {{ clean_text('payload.properties.mobilephone') }} as mobile,
    {{ clean_text('payload.properties.address') }} as street,
    {{ clean_text('payload.properties.city') }} as city,
    {{ clean_text('payload.properties.zip') }} as zip,
    {{ clean_text('payload.properties.hs_country_region_code') }} as country_code,
    {{ clean_text('payload.properties.hs_language') }} as language,
    payload.properties.lifecyclestage as lifecycle_stage
from parsed
