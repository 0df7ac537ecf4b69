{#- A line with a company and no other name is the company's own. -#}
select
    {{ conformed('customers', {
        'is_active': 'true',
        'kind': "case when full_name = company_name then 'company' else 'person' end",
        'full_name': 'full_name',
        'company_name': 'company_name',
        'email': 'email',
        'phone': 'phone',
        'street': 'street',
        'city': 'city',
        'zip': 'zip',
        'country_code': 'country_code',
    }) }}
from {{ ref('stg_telesales__customers') }}
