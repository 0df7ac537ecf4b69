{{ config(materialized='view') }}
{%- set states = ['available', 'on_hand', 'committed', 'reserved', 'incoming', 'damaged'] %}
with versions as (
    {{ latest_per_key(source('shopify', 'inventory_levels')) }}
),

parsed as (
    select
        *,
        {{ from_payload({
            'item': {'sku': 'VARCHAR', 'variant': {'legacyResourceId': 'VARCHAR'}},
            'location': {'legacyResourceId': 'VARCHAR', 'name': 'VARCHAR'},
            'quantities': [{'name': 'VARCHAR', 'quantity': 'BIGINT'}],
            'updatedAt': 'VARCHAR',
        }) }} as payload
    from versions
)

select
    {{ envelope() }},
    {{ clean_text('payload.item.sku') }} as sku,
    'shopify:' || payload.item.variant.legacyResourceId as product_record_id,
    payload.location.legacyResourceId as location_key,
    {{ clean_text('payload.location.name') }} as location,
{%- for state in states %}
    {{ named_value('payload.quantities', 'name', state, 'quantity') }} as {{ state }}_quantity,
{%- endfor %}
    cast(cast(payload.updatedAt as timestamptz) as timestamp) as counted_at
from parsed
