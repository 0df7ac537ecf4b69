select
    {{ conformed('customers', {
        'is_active': 'true',
        'kind': "case when coalesce(first_name, last_name) is null and company_name is not null then 'company' else 'person' end",
        'first_name': 'first_name',
        'last_name': 'last_name',
        'company_name': 'company_name',
        'email': 'email',
        'phone': 'phone',
        'mobile': 'mobile',
        'street': 'street',
        'city': 'city',
        'zip': 'zip',
        'country_code': 'country_code',
        'birth_on': 'birth_on',
        'vat': 'vat',
        'loyalty_code': 'loyalty_code',
        'language': 'language',
        'accepts_marketing': 'accepts_marketing',
    }) }}
from {{ ref('stg_pos__customers') }}
