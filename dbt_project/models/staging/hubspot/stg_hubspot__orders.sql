{{ config(materialized='view') }}
with versions as (
    {{ latest_per_key(source('hubspot', 'orders')) }}
),

parsed as (
    select
        *,
        {{ from_payload({
            'properties': {
                'hs_external_order_id': 'VARCHAR', 'hs_external_created_date': 'VARCHAR', 'hs_total_price': 'VARCHAR',
                'hs_currency_code': 'VARCHAR',
            },
            'associations': {'contacts': {'results': [{'id': 'VARCHAR'}]}},
        }) }} as payload
    from versions
)

select
    {{ envelope() }},
    payload.properties.hs_external_order_id as order_number,
    'hubspot:' || {{ nth('payload.associations.contacts.results', 1) }}.id as customer_record_id,
    cast(payload.properties.hs_total_price as decimal(18, 4)) as total_amount,
    payload.properties.hs_currency_code as currency,
    cast(cast(payload.properties.hs_external_created_date as timestamptz) as timestamp) as sold_at
from parsed
