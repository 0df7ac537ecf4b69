with versions as (
    {{ latest_per_key(source('telesales', 'customers'), [
        'name', 'company', 'phone', 'email', 'street', 'city', 'zip', 'country', 'consent', 'note',
    ]) }}
)

select
    {{ envelope() }},
    {{ clean_text('name') }} as full_name,
    {{ clean_text('company') }} as company_name,
    {{ clean_text('phone') }} as phone,
    {{ clean_text('email') }} as email,
    {{ clean_text('street') }} as street,
    {{ clean_text('city') }} as city,
    {{ clean_text('zip') }} as zip,
    {{ clean_text('country') }} as country_code,
    consent as accepts_calls,
    {{ clean_text('note') }} as note
from versions
