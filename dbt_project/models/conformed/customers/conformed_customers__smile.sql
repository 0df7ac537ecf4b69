select
    {{ conformed('customers', {
        'is_active': "membership <> 'disabled'",
        'kind': "'person'",
        'first_name': 'first_name',
        'last_name': 'last_name',
        'email': 'email',
        'birth_on': 'birth_on',
    }) }}
from {{ ref('stg_smile__customers') }}
