with versions as (
    {{ latest_per_key(source('pos', 'articles'), [
        'sku', 'gtin', 'name', 'brand', 'option_1', 'option_2', 'weight_g', 'uom', 'category', 'tax_rate', 'is_active',
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
    weight_g,
    {{ clean_text('uom') }} as uom,
    {{ clean_text('category') }} as category,
    tax_rate,
    is_active
from versions
