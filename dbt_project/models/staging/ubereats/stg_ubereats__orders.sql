{{ config(materialized='view') }}
with versions as (
    {{ latest_per_key(source('ubereats', 'orders')) }}
),

parsed as (
    select
        *,
        {{ from_payload({
            'display_id': 'VARCHAR', 'current_state': 'VARCHAR', 'store': {'id': 'VARCHAR'}, 'placed_at': 'VARCHAR',
            'payment': {'charges': {
                'total': {'amount': 'BIGINT', 'currency_code': 'VARCHAR'}, 'tax': {'amount': 'BIGINT', 'currency_code': 'VARCHAR'},
            }},
        }) }} as payload
    from versions
)

select
    {{ envelope() }},
    payload.display_id as order_number,
    'ubereats:' || payload.store.id as store_record_id,
    payload.current_state as status,
    payload.current_state in ('DENIED', 'CANCELED') as is_cancelled,
    {{ from_minor_units('payload.payment.charges.total.amount', 'payload.payment.charges.total.currency_code') }} as total_amount,
    {{ from_minor_units('payload.payment.charges.tax.amount', 'payload.payment.charges.tax.currency_code') }} as tax_amount,
    payload.payment.charges.total.currency_code as currency,
    cast(cast(payload.placed_at as timestamptz) as timestamp) as ordered_at
from parsed
