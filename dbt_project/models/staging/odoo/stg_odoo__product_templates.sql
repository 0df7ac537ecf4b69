with versions as (
    {{ latest_per_key(source('odoo', 'product_templates')) }}
),

parsed as (
    select *, {{ from_payload({'name': 'VARCHAR', 'active': 'BOOLEAN', 'x_assay_id': 'VARCHAR'}) }} as payload
    from versions
)

select
    {{ envelope() }},
    {{ odoo_text('payload.name') }} as product_name,
    payload.active as is_active,
    {{ odoo_text('payload.x_assay_id') }} as assay_id
from parsed
