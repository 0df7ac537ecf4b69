with versions as (
    {{ latest_per_key(source('odoo', 'pricelists')) }}
),

parsed as (
    select *, {{ from_payload({'name': 'VARCHAR', 'active': 'BOOLEAN', 'currency_id': 'JSON'}) }} as payload
    from versions
)

select
    {{ envelope() }},
    {{ odoo_text('payload.name') }} as pricelist_name,
    payload.active as is_active,
    {{ json_scalar('payload.currency_id', '[1]') }} as currency
from parsed
