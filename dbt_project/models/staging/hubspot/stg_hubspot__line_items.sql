{{ config(materialized='view') }}
with versions as (
    {{ latest_per_key(source('hubspot', 'line_items')) }}
),

parsed as (
    select
        *,
        {{ from_payload({
            'properties': {
                'name': 'VARCHAR', 'hs_sku': 'VARCHAR', 'hs_product_id': 'VARCHAR', 'quantity': 'VARCHAR', 'price': 'VARCHAR',
                'amount': 'VARCHAR', 'hs_line_item_currency_code': 'VARCHAR',
            },
            'associations': {'orders': {'results': [{'id': 'VARCHAR'}]}},
        }) }} as payload
    from versions
)

select
    {{ envelope() }},
    'hubspot:' || {{ nth('payload.associations.orders.results', 1) }}.id as order_record_id,
    'hubspot:' || payload.properties.hs_product_id as product_record_id,
    {{ clean_text('payload.properties.name') }} as product_name,
    {{ clean_text('payload.properties.hs_sku') }} as sku,
    cast(payload.properties.quantity as decimal(18, 4)) as quantity,
    cast(payload.properties.price as decimal(18, 4)) as price_amount,
    cast(payload.properties.amount as decimal(18, 4)) as line_amount,
    payload.properties.hs_line_item_currency_code as currency
from parsed
