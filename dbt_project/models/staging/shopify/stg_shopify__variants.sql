with versions as (
    {{ latest_per_key(source('shopify', 'variants')) }}
),

parsed as (
    select
        *,
        {{ from_payload({
            'sku': 'VARCHAR', 'barcode': 'VARCHAR', 'price': 'VARCHAR', 'compareAtPrice': 'VARCHAR',
            'selectedOptions': [{'name': 'VARCHAR', 'value': 'VARCHAR'}],
            'product': {'legacyResourceId': 'VARCHAR', 'hasOnlyDefaultVariant': 'BOOLEAN'},
            'inventoryItem': {'measurement': {'weight': {'value': 'DOUBLE', 'unit': 'VARCHAR'}}},
            'assayId': {'value': 'VARCHAR'},
        }) }} as payload
    from versions
)

select
    {{ envelope() }},
    payload.product.legacyResourceId as product_key,
    {{ clean_text('payload.sku') }} as sku,
    {{ clean_text('payload.barcode') }} as barcode,
    cast(payload.price as decimal(18, 4)) as price_amount,
    cast(payload.compareAtPrice as decimal(18, 4)) as compare_at_amount,
    case when not payload.product.hasOnlyDefaultVariant then {{ clean_text(nth('payload.selectedOptions', 1) ~ '.value') }} end as option_1,
    case when not payload.product.hasOnlyDefaultVariant then {{ clean_text(nth('payload.selectedOptions', 2) ~ '.value') }} end as option_2,
    {{ grams('payload.inventoryItem.measurement.weight.value', 'payload.inventoryItem.measurement.weight.unit') }} as weight_g,
    payload.assayId.value as assay_id
from parsed
