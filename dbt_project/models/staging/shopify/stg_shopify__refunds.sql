{{ config(materialized='view') }}
with versions as (
    {{ latest_per_key(source('shopify', 'refunds')) }}
),

parsed as (
    select
        *,
        {{ from_payload({
            'order': {'legacyResourceId': 'VARCHAR'}, 'createdAt': 'VARCHAR',
            'totalRefundedSet': {
                'shopMoney': {'amount': 'VARCHAR', 'currencyCode': 'VARCHAR'},
                'presentmentMoney': {'amount': 'VARCHAR', 'currencyCode': 'VARCHAR'},
            },
            'refundLineItems': {'nodes': [{
                'id': 'VARCHAR', 'quantity': 'BIGINT', 'restockType': 'VARCHAR', 'restocked': 'BOOLEAN',
                'lineItem': {'id': 'VARCHAR', 'sku': 'VARCHAR'},
                'subtotalSet': {'shopMoney': {'amount': 'VARCHAR', 'currencyCode': 'VARCHAR'}},
                'totalTaxSet': {'shopMoney': {'amount': 'VARCHAR'}},
            }]},
        }) }} as payload
    from versions
)

select
    {{ envelope() }},
    'shopify:' || payload."order".legacyResourceId as order_record_id,
    cast(payload.totalRefundedSet.shopMoney.amount as decimal(18, 4)) as refund_amount,
    payload.totalRefundedSet.shopMoney.currencyCode as currency,
    cast(payload.totalRefundedSet.presentmentMoney.amount as decimal(18, 4)) as presentment_amount,
    payload.totalRefundedSet.presentmentMoney.currencyCode as presentment_currency,
    cast(cast(payload.createdAt as timestamptz) as timestamp) as refunded_at,
    payload.refundLineItems.nodes as lines
from parsed
