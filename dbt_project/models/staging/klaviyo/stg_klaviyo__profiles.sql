with versions as (
    {{ latest_per_key(source('klaviyo', 'profiles')) }}
),

parsed as (
    select
        *,
        {{ from_payload({
            'attributes': {
                'email': 'VARCHAR', 'phone_number': 'VARCHAR', 'first_name': 'VARCHAR', 'last_name': 'VARCHAR',
                'organization': 'VARCHAR', 'locale': 'VARCHAR',
                'location': {'address1': 'VARCHAR', 'address2': 'VARCHAR', 'city': 'VARCHAR', 'zip': 'VARCHAR', 'country': 'VARCHAR'},
            },
        }) }} as payload
    from versions
)

select
    {{ envelope() }},
    {{ clean_text('payload.attributes.first_name') }} as first_name,
    {{ clean_text('payload.attributes.last_name') }} as last_name,
    {{ clean_text('payload.attributes.organization') }} as company_name,
    {{ clean_text('payload.attributes.email') }} as email,
    {{ clean_text('payload.attributes.phone_number') }} as phone,
    {{ clean_text('payload.attributes.location.address1') }} as street,
    {{ clean_text('payload.attributes.location.address2') }} as street2,
    {{ clean_text('payload.attributes.location.city') }} as city,
    {{ clean_text('payload.attributes.location.zip') }} as zip,
    {{ clean_text('payload.attributes.location.country') }} as country_code,
    payload.attributes.locale
from parsed
