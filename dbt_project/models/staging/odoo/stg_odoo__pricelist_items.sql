with versions as (
    {{ latest_per_key(source('odoo', 'pricelist_items')) }}
),

parsed as (
    select
        *,
        {{ from_payload({
            'pricelist_id': 'JSON', 'product_id': 'JSON', 'applied_on': 'VARCHAR', 'compute_price': 'VARCHAR',
            'fixed_price': 'VARCHAR', 'min_quantity': 'DOUBLE', 'date_start': 'VARCHAR', 'date_end': 'VARCHAR',
            'x_assay_id': 'VARCHAR',
        }) }} as payload
    from versions
)

select
    {{ envelope() }},
    {{ odoo_id('payload.pricelist_id') }} as pricelist_key,
    {{ odoo_id('payload.product_id') }} as variant_key,
    payload.applied_on,
    payload.compute_price,
    cast(payload.fixed_price as decimal(18, 4)) as fixed_amount,
    payload.min_quantity,
    cast({{ odoo_text('payload.date_start') }} as timestamp) as starts_at,
    cast({{ odoo_text('payload.date_end') }} as timestamp) as last_second_at,
    {{ odoo_text('payload.x_assay_id') }} as assay_id
from parsed
