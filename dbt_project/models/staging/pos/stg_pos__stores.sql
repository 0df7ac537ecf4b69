with versions as (
    {{ latest_per_key(source('pos', 'stores'), ['name', 'email', 'phone', 'city', 'timezone']) }}
)

select
    {{ envelope() }},
    source_key as store_code,
    {{ clean_text('name') }} as store_name,
    {{ clean_text('email') }} as email,
    {{ clean_text('phone') }} as phone,
    {{ clean_text('city') }} as city,
    timezone
from versions
