{#- What our receipts say stands on each Odoo partner, as if it were a record, so that echoes are told from evidence. -#}
with fields as (
    select record_id, {{ latest_published(['name', 'email', 'phone', 'street', 'street2', 'city', 'zip', 'country_id', 'vat', 'lang']) }}
    from {{ ref('stg_ledger__receipts') }}
    where object = 'res_partner' and run_kind <> 'undo'
    group by record_id
),

enveloped as (
    select {{ no_envelope() }}, fields.* exclude (record_id) from fields
)

select
    {{ conformed('customers', {
        'full_name': 'name',
        'company_name': 'name',
        'email': 'email',
        'phone': 'phone',
        'street': 'street',
        'street2': 'street2',
        'city': 'city',
        'zip': 'zip',
        'country_code': 'country_id',
        'vat': 'vat',
        'language': 'lang',
    }) }}
from enveloped
