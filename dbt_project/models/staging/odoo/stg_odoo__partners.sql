with versions as (
    {{ latest_per_key(source('odoo', 'partners')) }}
),

parsed as (
    select
        *,
        {{ from_payload({
            'name': 'VARCHAR', 'is_company': 'BOOLEAN', 'active': 'BOOLEAN', 'email': 'VARCHAR', 'phone': 'VARCHAR',
            'street': 'VARCHAR', 'street2': 'VARCHAR', 'city': 'VARCHAR', 'zip': 'VARCHAR', 'country_code': 'VARCHAR',
            'vat': 'VARCHAR', 'lang': 'VARCHAR', 'company_name': 'VARCHAR', 'parent_id': 'JSON', 'x_assay_id': 'VARCHAR',
        }) }} as payload
    from versions
)

select
    {{ envelope() }},
    {{ odoo_text('payload.name') }} as full_name,
    payload.is_company,
    payload.active as is_active,
    {{ odoo_text('payload.company_name') }} as company_name,
    {{ odoo_text('payload.email') }} as email,
    {{ odoo_text('payload.phone') }} as phone,
    {{ odoo_text('payload.street') }} as street,
    {{ odoo_text('payload.street2') }} as street2,
    {{ odoo_text('payload.city') }} as city,
    {{ odoo_text('payload.zip') }} as zip,
    {{ odoo_text('payload.country_code') }} as country_code,
    {{ odoo_text('payload.vat') }} as vat,
    {{ odoo_text('payload.lang') }} as locale,
    {{ odoo_text('payload.x_assay_id') }} as assay_id
from parsed
