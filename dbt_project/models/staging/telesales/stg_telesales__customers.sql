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
    -- A spreadsheet drops the zero that codes of five digits may begin with; phone_number reads a national number without its own.
    case
        when country in ('DE', 'ES', 'FR', 'IT') and length(trim(zip)) = 4 then '0' || trim(zip)
        else {{ clean_text('zip') }}
    end as zip,
    {{ clean_text('country') }} as country_code,
    consent as accepts_calls,
    {{ clean_text('note') }} as note
from versions
