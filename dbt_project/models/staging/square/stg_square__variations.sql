{#- The name of a variation is its options, separated by commas; an only one is called Regular. -#}
with versions as (
    {{ latest_per_key(source('square', 'variations')) }}
),

parsed as (
    select
        *,
        {{ from_payload({
            'item_variation_data': {
                'item_id': 'VARCHAR', 'name': 'VARCHAR', 'sku': 'VARCHAR', 'upc': 'VARCHAR', 'pricing_type': 'VARCHAR',
                'price_money': {'amount': 'BIGINT', 'currency': 'VARCHAR'}, 'sellable': 'BOOLEAN',
            },
        }) }} as payload
    from versions
)

select
    {{ envelope() }},
    payload.item_variation_data.item_id as item_key,
    case
        when payload.item_variation_data.name <> 'Regular'
            then {{ clean_text("split_part(payload.item_variation_data.name, ', ', 1)") }}
    end as option_1,
    {{ clean_text("split_part(payload.item_variation_data.name, ', ', 2)") }} as option_2,
    {{ clean_text('payload.item_variation_data.sku') }} as sku,
    {{ clean_text('payload.item_variation_data.upc') }} as gtin,
    coalesce(payload.item_variation_data.sellable, true) as is_sellable,
    payload.item_variation_data.pricing_type = 'FIXED_PRICING' as is_fixed_price,
    {{ from_minor_units('payload.item_variation_data.price_money.amount', 'payload.item_variation_data.price_money.currency') }} as price_amount,
    payload.item_variation_data.price_money.currency as currency
from parsed
