with versions as (
    {{ latest_per_key(source('pos', 'customers'), [
        'store_code', 'first_name', 'last_name', 'company_name', 'vat', 'email', 'phone', 'mobile', 'street', 'city', 'zip',
        'country_code', 'birth_on', 'loyalty_code', 'language', 'accepts_marketing',
    ], arrived_at='updated_at', clocks=ref('stg_pos__clocks')) }}
)

select
    {{ envelope() }},
    store_code,
    {{ clean_text('first_name') }} as first_name,
    {{ clean_text('last_name') }} as last_name,
    {{ clean_text('company_name') }} as company_name,
    {{ clean_text('vat') }} as vat,
    {{ clean_text('email') }} as email,
    {{ clean_text('phone') }} as phone,
    {{ clean_text('mobile') }} as mobile,
    {{ clean_text('street') }} as street,
    {{ clean_text('city') }} as city,
    {{ clean_text('zip') }} as zip,
    country_code,
    birth_on,
    {{ clean_text('loyalty_code') }} as loyalty_code,
    language,
    accepts_marketing
from versions
