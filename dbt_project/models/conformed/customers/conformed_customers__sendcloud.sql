{#- Evidence of identity only: no survivorship order names sendcloud, so that no value of it survives. There is no list of
    recipients; each shipment has one, under the shipment's own key. -#}
select
    {{ conformed('customers', {
        'is_active': 'true',
        'kind': "'person'",
        'full_name': 'recipient_name',
        'company_name': 'company_name',
        'email': 'email',
        'phone': 'phone',
        'street': 'street',
        'street2': 'street2',
        'city': 'city',
        'zip': 'zip',
        'country_code': 'country_code',
    }) }}
from {{ ref('stg_sendcloud__shipments') }}
