with versions as (
    {{ latest_per_key(source('pos', 'customers'), [
        'first_name', 'last_name', 'email', 'phone', 'mobile', 'street', 'city', 'zip', 'country_code', 'birth_on', 'loyalty_code',
    ]) }}
)

select
    {{ envelope() }},
    {{ clean_text('first_name') }} as first_name,
    {{ clean_text('last_name') }} as last_name,
    {{ clean_text('email') }} as email,
    {{ clean_text('phone') }} as phone,
    {{ clean_text('mobile') }} as mobile,
    {{ clean_text('street') }} as street,
    {{ clean_text('city') }} as city,
    {{ clean_text('zip') }} as zip,
    country_code,
    birth_on,
    {{ clean_text('loyalty_code') }} as loyalty_code
from versions
