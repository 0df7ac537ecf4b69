with versions as (
    {{ latest_per_key(source('amazon', 'listings')) }}
),

parsed as (
    select
        *,
        {{ from_payload({
            'sku': 'VARCHAR',
            'summaries': [{'asin': 'VARCHAR', 'itemName': 'VARCHAR', 'status': ['VARCHAR']}],
            'attributes': {
                'brand': [{'value': 'VARCHAR'}], 'size': [{'value': 'VARCHAR'}], 'color': [{'value': 'VARCHAR'}],
                'externally_assigned_product_identifier': [{'value': 'VARCHAR'}],
                'item_weight': [{'unit': 'VARCHAR', 'value': 'DOUBLE'}],
            },
            'offers': [{'price': {'currencyCode': 'VARCHAR', 'amount': 'VARCHAR'}}],
            'fulfillmentAvailability': [{'quantity': 'BIGINT'}],
        }) }} as payload
    from versions
)

select
    {{ envelope() }},
    payload.sku,
    {{ nth('payload.summaries', 1) }}.asin as asin,
    {{ clean_text(nth('payload.summaries', 1) ~ '.itemName') }} as product_name,
    list_contains({{ nth('payload.summaries', 1) }}.status, 'BUYABLE') as is_buyable,
    {{ clean_text(nth('payload.attributes.brand', 1) ~ '.value') }} as brand,
    {{ clean_text(nth('payload.attributes.size', 1) ~ '.value') }} as size,
    {{ clean_text(nth('payload.attributes.color', 1) ~ '.value') }} as color,
    {{ clean_text(nth('payload.attributes.externally_assigned_product_identifier', 1) ~ '.value') }} as gtin,
    {{ grams(nth('payload.attributes.item_weight', 1) ~ '.value', 'upper(' ~ nth('payload.attributes.item_weight', 1) ~ '.unit)') }} as weight_g,
    try_cast({{ nth('payload.offers', 1) }}.price.amount as decimal(18, 4)) as price_amount,
    {{ nth('payload.offers', 1) }}.price.currencyCode as currency,
    {{ nth('payload.fulfillmentAvailability', 1) }}.quantity as stock_quantity
from parsed
