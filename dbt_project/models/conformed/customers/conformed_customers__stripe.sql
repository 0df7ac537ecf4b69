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
        'language': 'locale',
        'published_id': 'assay_id',
        'linked_record_id': "'shopify:' || customer_id_shopify",
    }) }}
from {{ ref('stg_stripe__customers') }}
