with versions as (
    {{ latest_per_key(source('deliverect', 'products')) }}
),

parsed as (
    select
        *,
        {{ from_payload({
            'plu': 'VARCHAR', 'location': 'VARCHAR', 'name': 'VARCHAR', 'productType': 'BIGINT', 'price': 'BIGINT',
            'deliveryTax': 'BIGINT',
        }) }} as payload
    from versions
)

select
    {{ envelope() }},
    'pos:' || payload.plu as article_record_id,
    payload.location as location_key,
    {{ clean_text('payload.name') }} as product_name,
    payload.productType = 1 as is_sold_alone,
    cast(cast(payload.price as decimal(18, 0)) * 0.01 as decimal(18, 4)) as price_amount,
    cast(payload.deliveryTax * 0.001 as decimal(5, 2)) as tax_rate
from parsed
