with versions as (
    {{ latest_per_key(source('shiphero', 'products')) }}
),

parsed as (
    select
        *,
        {{ from_payload({
            'sku': 'VARCHAR', 'name': 'VARCHAR', 'barcode': 'VARCHAR', 'active': 'BOOLEAN', 'kit': 'BOOLEAN',
            'dimensions': {'weight': 'DOUBLE'},
        }) }} as payload
    from versions
)

select
    {{ envelope() }},
    {{ clean_text('payload.sku') }} as sku,
    {{ clean_text('payload.name') }} as product_name,
    {{ clean_text('payload.barcode') }} as barcode,
    payload.active as is_active,
    payload.kit as is_kit,
    {{ grams('payload.dimensions.weight', "'POUNDS'") }} as weight_g
from parsed
