{#- A business account keeps the company's name where people keep their last name. -#}
select
    {{ conformed('customers', {
        'is_active': "coalesce(state, '') <> 'DISABLED'",
        'kind': "case when is_business then 'company' else 'person' end",
        'first_name': 'case when not is_business then first_name end',
        'last_name': 'case when not is_business then last_name end',
        'company_name': 'case when is_business then coalesce(company_name, last_name) else company_name end',
        'email': 'email',
        'phone': 'phone',
        'street': 'street',
        'street2': 'street2',
        'city': 'city',
        'zip': 'zip',
        'country_code': 'country_code',
        'birth_on': 'birth_on',
        'vat': 'vat',
        'loyalty_code': 'loyalty_code',
        'language': 'locale',
        'accepts_marketing': 'accepts_marketing',
        'published_id': 'assay_id',
    }) }}
from {{ ref('stg_shopify__customers') }}
