with versions as (
    {{ latest_per_key(source('square', 'customers')) }}
),

parsed as (
    select
        *,
        {{ from_payload({
            'given_name': 'VARCHAR', 'family_name': 'VARCHAR', 'company_name': 'VARCHAR', 'email_address': 'VARCHAR',
            'phone_number': 'VARCHAR', 'birthday': 'VARCHAR',
            'address': {
                'address_line_1': 'VARCHAR', 'address_line_2': 'VARCHAR', 'locality': 'VARCHAR', 'postal_code': 'VARCHAR',
                'country': 'VARCHAR',
            },
        }) }} as payload
    from versions
)

select
    {{ envelope() }},
    {{ clean_text('payload.given_name') }} as first_name,
    {{ clean_text('payload.family_name') }} as last_name,
    {{ clean_text('payload.company_name') }} as company_name,
    {{ clean_text('payload.email_address') }} as email,
    {{ clean_text('payload.phone_number') }} as phone,
    try_cast(payload.birthday as date) as birth_on,
    {{ clean_text('payload.address.address_line_1') }} as street,
    {{ clean_text('payload.address.address_line_2') }} as street2,
    {{ clean_text('payload.address.locality') }} as city,
    {{ clean_text('payload.address.postal_code') }} as zip,
    payload.address.country as country_code
from parsed
