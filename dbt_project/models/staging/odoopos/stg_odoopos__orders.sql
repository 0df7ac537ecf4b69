{{ config(materialized='view') }}
with versions as (
    {{ latest_per_key(source('odoopos', 'orders')) }}
),

parsed as (
    select
        *,
        {{ from_payload({
            'name': 'VARCHAR', 'pos_reference': 'VARCHAR', 'session_id': 'JSON', 'partner_id': 'JSON', 'state': 'VARCHAR',
            'date_order': 'VARCHAR', 'amount_total': 'VARCHAR', 'amount_tax': 'VARCHAR', 'is_refund': 'BOOLEAN',
        }) }} as payload
    from versions
)

select
    {{ envelope() }},
    payload.name as order_name,
    {{ odoo_text('payload.pos_reference') }} as receipt_number,
    'odoopos:' || {{ odoo_id('payload.session_id') }} as session_record_id,
    'odoo:' || {{ odoo_id('payload.partner_id') }} as customer_record_id,
    payload.state,
    coalesce(payload.is_refund, false) as is_refund,
    cast({{ odoo_text('payload.date_order') }} as timestamp) as sold_at,
    cast(payload.amount_total as decimal(18, 4)) as total_amount,
    cast(payload.amount_tax as decimal(18, 4)) as tax_amount
from parsed
