{#- Evidence of identity only: no survivorship order names quickbooks, so that no value of it survives. -#}
select
    {{ conformed('customers', {
        'is_active': 'is_active',
        'kind': "'person'",
        'full_name': 'full_name',
        'company_name': 'company_name',
        'email': 'email',
        'phone': 'phone',
        'mobile': 'mobile',
        'street': 'street',
        'street2': 'street2',
        'city': 'city',
        'zip': 'zip',
        'country_code': 'case when length(country_code) = 2 then country_code end',
    }) }}
from {{ ref('stg_quickbooks__customers') }}
