{{ config(materialized='view') }}
with versions as (
    {{ latest_per_key(source('hubspot', 'deals')) }}
),

parsed as (
    select
        *,
        {{ from_payload({
            'properties': {
                'dealname': 'VARCHAR', 'amount': 'VARCHAR', 'deal_currency_code': 'VARCHAR', 'dealstage': 'VARCHAR', 'closedate': 'VARCHAR',
                'hs_is_closed_won': 'VARCHAR',
            },
            'associations': {'contacts': {'results': [{'id': 'VARCHAR'}]}, 'orders': {'results': [{'id': 'VARCHAR'}]}},
        }) }} as payload
    from versions
)

select
    {{ envelope() }},
    payload.properties.dealname as deal_name,
    payload.properties.dealstage as stage,
    payload.properties.hs_is_closed_won = 'true' as is_won,
    'hubspot:' || {{ nth('payload.associations.contacts.results', 1) }}.id as customer_record_id,
    'hubspot:' || {{ nth('payload.associations.orders.results', 1) }}.id as order_record_id,
    cast(payload.properties.amount as decimal(18, 4)) as deal_amount,
    payload.properties.deal_currency_code as currency,
    cast(cast(payload.properties.closedate as timestamptz) as timestamp) as closed_at
from parsed
