select
    {{ conformed('customers', {
        'is_active': "coalesce(state, '') <> 'DISABLED'",
        'kind': "case when coalesce(first_name, last_name) is null and company_name is not null then 'company' else 'person' end",
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
        'loyalty_code': 'loyalty_code',
        'language': 'locale',
        'accepts_marketing': 'accepts_marketing',
        'published_id': 'assay_id',
    }) }}
from {{ ref('stg_shopify__customers') }}
