with versions as (
    {{ latest_per_key(source('woocommerce', 'products')) }}
),

parsed as (
    select
        *,
        {{ from_payload({
            'name': 'VARCHAR', 'status': 'VARCHAR', 'type': 'VARCHAR', 'sku': 'VARCHAR', 'global_unique_id': 'VARCHAR',
            'regular_price': 'VARCHAR', 'sale_price': 'VARCHAR', 'date_on_sale_from_gmt': 'VARCHAR', 'date_on_sale_to_gmt': 'VARCHAR',
            'tax_class': 'VARCHAR', 'weight': 'VARCHAR', 'stock_quantity': 'BIGINT',
            'stock_status': 'VARCHAR', 'manage_stock': 'VARCHAR', 'backorders': 'VARCHAR',
            'brands': [{'name': 'VARCHAR'}], 'attributes': [{'name': 'VARCHAR', 'option': 'VARCHAR'}],
            'meta_data': [{'key': 'VARCHAR', 'value': 'VARCHAR'}],
        }) }} as payload
    from versions
)

select
    {{ envelope() }},
    payload.type = 'variable' as has_variations,
    {{ clean_text('payload.name') }} as product_name,
    payload.status,
    {{ clean_text('payload.sku') }} as sku,
    {{ clean_text('payload.global_unique_id') }} as gtin,
    {{ clean_text(nth('payload.brands', 1) ~ '.name') }} as brand,
    {{ clean_text(nth('payload.attributes', 1) ~ '.option') }} as option_1,
    {{ clean_text(nth('payload.attributes', 2) ~ '.option') }} as option_2,
    {{ grams("try_cast(payload.weight as double)", "'KILOGRAMS'") }} as weight_g,
    try_cast(payload.regular_price as decimal(18, 4)) as price_amount,
    try_cast(payload.sale_price as decimal(18, 4)) as sale_amount,
    try_cast(payload.date_on_sale_from_gmt as timestamp) as sale_from_at,
    try_cast(payload.date_on_sale_to_gmt as timestamp) as sale_to_at,
    coalesce(nullif(payload.tax_class, ''), 'standard') as tax_class,
    payload.stock_quantity,
    payload.stock_status,
    payload.manage_stock = 'true' as has_own_stock,
    payload.backorders <> 'no' as is_sold_beyond_stock,
    {{ named_value('payload.meta_data', 'key', 'assay_id') }} as assay_id
from parsed
