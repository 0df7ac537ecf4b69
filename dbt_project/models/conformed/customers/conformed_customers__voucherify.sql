select
    {{ conformed('customers', {
        'is_active': 'true',
        'kind': "'person'",
        'full_name': 'full_name',
        'email': 'email',
        'phone': 'phone',
        'street': 'street',
        'street2': 'street2',
        'city': 'city',
        'zip': 'zip',
        'country_code': 'country_code',
        'birth_on': 'birth_on',
        'loyalty_code': 'loyalty_code',
        'language': 'locale',
        'published_id': 'assay_id',
    }) }}
from {{ ref('stg_voucherify__customers') }}
