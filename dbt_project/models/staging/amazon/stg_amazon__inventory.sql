{{ config(materialized='view') }}
with versions as (
    {{ latest_per_key(source('amazon', 'inventory')) }}
),

parsed as (
    select
        *,
        {{ from_payload({
            'sellerSku': 'VARCHAR', 'fnSku': 'VARCHAR', 'asin': 'VARCHAR', 'condition': 'VARCHAR',
            'totalQuantity': 'BIGINT', 'lastUpdatedTime': 'VARCHAR',
            'inventoryDetails': {
                'fulfillableQuantity': 'BIGINT', 'inboundWorkingQuantity': 'BIGINT', 'inboundShippedQuantity': 'BIGINT',
                'inboundReceivingQuantity': 'BIGINT',
                'reservedQuantity': {'totalReservedQuantity': 'BIGINT'},
                'unfulfillableQuantity': {'totalUnfulfillableQuantity': 'BIGINT'},
            },
        }) }} as payload
    from versions
)

select
    {{ envelope() }},
    payload.sellerSku as sku,
    'amazon:' || payload.sellerSku as product_record_id,
    payload.fnSku as label,
    payload.asin,
    payload.condition,
    payload.totalQuantity as total_quantity,
    payload.inventoryDetails.fulfillableQuantity as available_quantity,
    payload.inventoryDetails.reservedQuantity.totalReservedQuantity as reserved_quantity,
    payload.inventoryDetails.unfulfillableQuantity.totalUnfulfillableQuantity as unfulfillable_quantity,
    payload.inventoryDetails.inboundWorkingQuantity + payload.inventoryDetails.inboundShippedQuantity
    + payload.inventoryDetails.inboundReceivingQuantity as inbound_quantity,
    cast(try_cast(payload.lastUpdatedTime as timestamptz) as timestamp) as counted_at
from parsed
