{{ config(materialized='view') }}
with versions as (
    {{ latest_per_key(source('shopify', 'transactions')) }}
),

parsed as (
    select
        *,
        {{ from_payload({
            'id': 'VARCHAR', 'order': {'legacyResourceId': 'VARCHAR'}, 'parentTransaction': {'id': 'VARCHAR'}, 'kind': 'VARCHAR',
            'status': 'VARCHAR', 'gateway': 'VARCHAR', 'paymentId': 'VARCHAR', 'errorCode': 'VARCHAR', 'test': 'BOOLEAN',
            'createdAt': 'VARCHAR', 'processedAt': 'VARCHAR',
            'amountSet': {
                'shopMoney': {'amount': 'VARCHAR', 'currencyCode': 'VARCHAR'},
                'presentmentMoney': {'amount': 'VARCHAR', 'currencyCode': 'VARCHAR'},
            },
        }) }} as payload
    from versions
)

select
    {{ envelope() }},
    'shopify:' || payload."order".legacyResourceId as order_record_id,
    'shopify:' || replace(payload.parentTransaction.id, 'gid://shopify/OrderTransaction/', '') as parent_record_id,
    lower(payload.kind) as transaction_kind,
    lower(payload.status) as status,
    payload.gateway,
    payload.paymentId as payment_reference,
    payload.errorCode as error_code,
    payload.test as is_test,
    cast(payload.amountSet.shopMoney.amount as decimal(18, 4)) as transaction_amount,
    payload.amountSet.shopMoney.currencyCode as currency,
    cast(payload.amountSet.presentmentMoney.amount as decimal(18, 4)) as presentment_amount,
    payload.amountSet.presentmentMoney.currencyCode as presentment_currency,
    cast(cast(coalesce(payload.processedAt, payload.createdAt) as timestamptz) as timestamp) as processed_at
from parsed
