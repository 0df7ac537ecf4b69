{#- Evidence of identity only: no survivorship order names zendesk, so that no value of it survives. -#}
select
    {{ conformed('customers', {
        'is_active': 'not coalesce(is_suspended, false)',
        'kind': "'person'",
        'full_name': 'full_name',
        'email': 'email',
        'phone': 'phone',
        'language': 'locale',
    }) }}
from {{ ref('stg_zendesk__users') }}
where role = 'end-user'
