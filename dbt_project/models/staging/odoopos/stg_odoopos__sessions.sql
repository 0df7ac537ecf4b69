{{ config(materialized='view') }}
with versions as (
    {{ latest_per_key(source('odoopos', 'sessions')) }}
),

parsed as (
    select
        *,
        {{ from_payload({
            'name': 'VARCHAR', 'config_id': 'JSON', 'currency_id': 'JSON', 'state': 'VARCHAR', 'start_at': 'VARCHAR', 'stop_at': 'VARCHAR',
            'cash_register_balance_start': 'VARCHAR', 'cash_register_balance_end_real': 'VARCHAR',
        }) }} as payload
    from versions
)

select
    {{ envelope() }},
    payload.name as session_name,
    {{ json_scalar('payload.config_id', '[1]') }} as till,
    {{ json_scalar('payload.currency_id', '[1]') }} as currency,
    payload.state,
    cast({{ odoo_text('payload.start_at') }} as timestamp) as opened_at,
    cast({{ odoo_text('payload.stop_at') }} as timestamp) as closed_at,
    cast(payload.cash_register_balance_start as decimal(18, 4)) as opening_cash_amount,
    cast(payload.cash_register_balance_end_real as decimal(18, 4)) as closing_cash_amount
from parsed
