{{ config(materialized='view') }}
with versions as (
    {{ latest_per_key(source('square', 'orders')) }}
),

parsed as (
    select
        *,
        {{ from_payload({
            'location_id': 'VARCHAR', 'customer_id': 'VARCHAR', 'state': 'VARCHAR', 'closed_at': 'VARCHAR',
            'total_money': {'amount': 'BIGINT', 'currency': 'VARCHAR'}, 'total_tax_money': {'amount': 'BIGINT'},
        }) }} as payload
    from versions
)

select
    {{ envelope() }},
    payload.location_id as location_key,
    'square:' || payload.customer_id as customer_record_id,
    payload.state,
    {{ from_minor_units('payload.total_money.amount', 'payload.total_money.currency') }} as total_amount,
    {{ from_minor_units('payload.total_tax_money.amount', 'payload.total_money.currency') }} as tax_amount,
    payload.total_money.currency as currency,
    cast(cast(payload.closed_at as timestamptz) as timestamp) as sold_at
from parsed
