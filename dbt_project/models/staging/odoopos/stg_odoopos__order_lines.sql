{{ config(materialized='view') }}
with versions as (
    {{ latest_per_key(source('odoopos', 'order_lines')) }}
),

parsed as (
    select
        *,
        {{ from_payload({
            'order_id': 'JSON', 'product_id': 'JSON', 'qty': 'VARCHAR', 'price_subtotal': 'VARCHAR', 'price_subtotal_incl': 'VARCHAR',
            'discount': 'VARCHAR',
        }) }} as payload
    from versions
)

select
    {{ envelope() }},
    'odoopos:' || {{ odoo_id('payload.order_id') }} as order_record_id,
    'odoo:' || {{ odoo_id('payload.product_id') }} as product_record_id,
    cast(payload.qty as decimal(18, 4)) as quantity,
    cast(payload.discount as decimal(18, 4)) as discount_percent,
    cast(payload.price_subtotal as decimal(18, 4)) as net_amount,
    cast(payload.price_subtotal_incl as decimal(18, 4)) as total_amount
from parsed
