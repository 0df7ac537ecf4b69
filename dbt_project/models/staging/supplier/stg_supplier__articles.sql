with versions as (
    {{ latest_per_key(source('supplier', 'articles'), [
        'gtin', 'sku', 'name', 'brand', 'option_1', 'option_2', 'weight_kg', 'unit', 'listed_on',
    ]) }}
)

select
    {{ envelope() }},
    {{ clean_text('sku') }} as sku,
    {{ clean_text('gtin') }} as gtin,
    {{ clean_text('name') }} as article_name,
    {{ clean_text('brand') }} as brand,
    {{ clean_text('option_1') }} as option_1,
    {{ clean_text('option_2') }} as option_2,
    cast(round(weight_kg * 1000) as bigint) as weight_g,
    {{ clean_text('unit') }} as uom,
    listed_on
from versions
