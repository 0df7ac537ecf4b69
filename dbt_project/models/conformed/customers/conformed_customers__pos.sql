select
    {{ conformed('customers', {
        'is_active': 'true',
        'kind': "'person'",
        'first_name': 'first_name',
        'last_name': 'last_name',
        'email': 'email',
        'phone': 'phone',
        'mobile': 'mobile',
        'street': 'street',
        'city': 'city',
        'zip': 'zip',
        'country_code': 'country_code',
        'birth_on': 'birth_on',
        'loyalty_code': 'loyalty_code',
    }) }}
from {{ ref('stg_pos__customers') }}
