{#- Contacts and companies are numbered apart, so that a company's record says what it is. -#}
with companies as (
    select
        'hubspot:company-' || source_key as record_id, system, 'company-' || source_key as source_key, unit, load_id,
        event_at, extracted_at, is_deleted, company_name, phone, street, city, zip, country_code
    from {{ ref('stg_hubspot__companies') }}
)

select
    {{ conformed('customers', {
        'is_active': 'true',
        'kind': "'person'",
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
        'language': 'language',
    }) }}
from {{ ref('stg_hubspot__contacts') }}

union all

select
    {{ conformed('customers', {
        'is_active': 'true',
        'kind': "'company'",
        'full_name': 'company_name',
        'company_name': 'company_name',
        'phone': 'phone',
        'street': 'street',
        'city': 'city',
        'zip': 'zip',
        'country_code': 'country_code',
    }) }}
from companies
