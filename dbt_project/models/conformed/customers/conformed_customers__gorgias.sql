{#- Evidence of identity only: no survivorship order names gorgias, so that no value of it survives. -#}
select
    {{ conformed('customers', {
        'is_active': 'true',
        'kind': "'person'",
        'full_name': 'full_name',
        'first_name': 'first_name',
        'last_name': 'last_name',
        'email': 'email',
        'phone': 'phone',
        'language': 'language',
    }) }}
from {{ ref('stg_gorgias__customers') }}
