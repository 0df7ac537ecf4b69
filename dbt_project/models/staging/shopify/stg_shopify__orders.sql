{{ config(materialized='view') }}
with versions as (
    {{ latest_per_key(source('shopify', 'orders')) }}
),

parsed as (
    select
        *,
        {{ from_payload({
            'name': 'VARCHAR', 'customer': {'legacyResourceId': 'VARCHAR'}, 'currencyCode': 'VARCHAR', 'taxesIncluded': 'BOOLEAN',
            'displayFinancialStatus': 'VARCHAR', 'test': 'BOOLEAN', 'processedAt': 'VARCHAR',
            'totalPriceSet': {'shopMoney': {'amount': 'VARCHAR'}}, 'totalTaxSet': {'shopMoney': {'amount': 'VARCHAR'}},
            'lineItems': {'nodes': [{
                'id': 'VARCHAR', 'sku': 'VARCHAR', 'title': 'VARCHAR', 'quantity': 'BIGINT', 'variant': {'legacyResourceId': 'VARCHAR'},
                'originalUnitPriceSet': {'shopMoney': {'amount': 'VARCHAR', 'currencyCode': 'VARCHAR'}},
            }]},
        }) }} as payload
    from versions
)

select
    {{ envelope() }},
    payload.name as order_number,
    'shopify:' || payload.customer.legacyResourceId as customer_record_id,
    cast(payload.totalPriceSet.shopMoney.amount as decimal(18, 4)) as total_amount,
    cast(payload.totalTaxSet.shopMoney.amount as decimal(18, 4)) as tax_amount,
    payload.currencyCode as currency,
    payload.taxesIncluded as is_gross,
    payload.displayFinancialStatus as financial_status,
    payload.test as is_test,
    cast(cast(payload.processedAt as timestamptz) as timestamp) as sold_at,
    payload.lineItems.nodes as lines
from parsed
