select
    {{ conformed('customers', {
        'is_active': 'true',
        'kind': "'person'",
        'first_name': 'first_name',
        'last_name': 'last_name',
        'company_name': 'company_name',
        'email': 'email',
        'phone': 'phone',
        'street': 'street',
        'street2': 'street2',
        'city': 'city',
        'zip': 'zip',
        'country_code': 'country_code',
        'birth_on': 'birth_on',
    }) }}
from {{ ref('stg_square__customers') }}
