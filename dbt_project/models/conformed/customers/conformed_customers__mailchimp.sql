{#- Evidence of identity only: no survivorship order names mailchimp, so that no value of it survives. -#}
select
    {{ conformed('customers', {
        'is_active': 'true',
        'kind': "'person'",
        'first_name': 'first_name',
        'last_name': 'last_name',
        'email': 'email',
        'phone': 'phone',
        'street': 'street',
        'street2': 'street2',
        'city': 'city',
        'zip': 'zip',
        'country_code': 'case when length(country_code) = 2 then country_code end',
        'language': 'locale',
    }) }}
from {{ ref('stg_mailchimp__members') }}
