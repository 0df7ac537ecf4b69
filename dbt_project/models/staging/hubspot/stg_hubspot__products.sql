with versions as (
    {{ latest_per_key(source('hubspot', 'products')) }}
),

parsed as (
    select
        *,
        {{ from_payload({'properties': {'name': 'VARCHAR', 'hs_sku': 'VARCHAR', 'price': 'VARCHAR'}}) }} as payload
    from versions
)

select
    {{ envelope() }},
    {{ clean_text('payload.properties.name') }} as product_name,
    {{ clean_text('payload.properties.hs_sku') }} as sku,
    cast(payload.properties.price as decimal(18, 4)) as price_amount
from parsed
