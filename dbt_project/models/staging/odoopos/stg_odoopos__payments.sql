{{ config(materialized='view') }}
with versions as (
    {{ latest_per_key(source('odoopos', 'payments')) }}
),

parsed as (
    select
        *,
        {{ from_payload({
            'pos_order_id': 'JSON', 'payment_method_id': 'JSON', 'amount': 'VARCHAR', 'is_change': 'BOOLEAN', 'payment_date': 'VARCHAR',
            'transaction_id': 'VARCHAR',
        }) }} as payload
    from versions
)

select
    {{ envelope() }},
    'odoopos:' || {{ odoo_id('payload.pos_order_id') }} as order_record_id,
    {{ odoo_id('payload.payment_method_id') }} as payment_method_key,
    cast(payload.amount as decimal(18, 4)) as paid_amount,
    coalesce(payload.is_change, false) as is_change,
    cast({{ odoo_text('payload.payment_date') }} as timestamp) as paid_at,
    {{ odoo_text('payload.transaction_id') }} as transaction_number
from parsed
