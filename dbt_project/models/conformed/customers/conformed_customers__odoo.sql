select
    {{ conformed('customers', {
        'is_active': 'is_active',
        'kind': "case when is_company then 'company' else 'person' end",
        'full_name': 'case when not is_company then full_name end',
        'company_name': 'case when is_company then full_name else company_name end',
        'email': 'email',
        'phone': 'phone',
        'street': 'street',
        'street2': 'street2',
        'city': 'city',
        'zip': 'zip',
        'country_code': 'country_code',
        'vat': 'vat',
        'language': 'locale',
        'published_id': 'assay_id',
    }) }}
from {{ ref('stg_odoo__partners') }}
