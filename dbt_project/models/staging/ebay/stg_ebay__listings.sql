with versions as (
    {{ latest_per_key(source('ebay', 'listings')) }}
),

parsed as (
    select
        *,
        {{ from_payload({
            'sku': 'VARCHAR',
            'product': {
                'title': 'VARCHAR', 'brand': 'VARCHAR', 'mpn': 'VARCHAR', 'ean': ['VARCHAR'],
                'aspects': {'Size': ['VARCHAR'], 'Colour': ['VARCHAR'], 'Pack': ['VARCHAR'], 'Volume': ['VARCHAR']},
            },
            'packageWeightAndSize': {'weight': {'value': 'DOUBLE', 'unit': 'VARCHAR'}},
            'availability': {'shipToLocationAvailability': {'quantity': 'BIGINT'}},
        }) }} as payload
    from versions
)

select
    {{ envelope() }},
    payload.sku,
    {{ clean_text('payload.product.title') }} as product_name,
    {{ clean_text('payload.product.brand') }} as brand,
    {{ clean_text('payload.product.mpn') }} as model_number,
    {{ clean_text(nth('payload.product.ean', 1)) }} as gtin,
    {{ clean_text(nth('payload.product.aspects.Size', 1)) }} as size,
    {{ clean_text(nth('payload.product.aspects.Colour', 1)) }} as color,
    {{ clean_text('coalesce(' ~ nth('payload.product.aspects.Pack', 1) ~ ', ' ~ nth('payload.product.aspects.Volume', 1) ~ ')') }} as pack,
    {{ grams('payload.packageWeightAndSize.weight.value', "payload.packageWeightAndSize.weight.unit || 's'") }} as weight_g,
    payload.availability.shipToLocationAvailability.quantity as stock_quantity
from parsed
