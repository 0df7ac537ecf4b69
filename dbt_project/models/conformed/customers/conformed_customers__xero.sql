{#- Evidence of identity only: no survivorship order names xero, so that no value of it survives. -#}
select
    {{ conformed('customers', {
        'is_active': "status = 'ACTIVE'",
        'kind': "'person'",
        'full_name': 'full_name',
        'email': 'email',
        'phone': 'phone',
        'street': 'street',
        'street2': 'street2',
        'city': 'city',
        'zip': 'zip',
        'country_code': 'case when length(country_code) = 2 then country_code end',
        'vat': 'vat',
    }) }}
from {{ ref('stg_xero__contacts') }}
where not is_supplier_only and status <> 'GDPRREQUEST'
