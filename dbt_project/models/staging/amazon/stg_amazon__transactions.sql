{{ config(materialized='view') }}
with versions as (
    {{ latest_per_key(source('amazon', 'transactions')) }}
),

parsed as (
    select
        *,
        {{ from_payload({
            'transactionType': 'VARCHAR', 'transactionStatus': 'VARCHAR', 'postedDate': 'VARCHAR',
            'totalAmount': {'currencyAmount': 'VARCHAR', 'currencyCode': 'VARCHAR'},
            'relatedIdentifiers': [{'relatedIdentifierName': 'VARCHAR', 'relatedIdentifierValue': 'VARCHAR'}],
        }) }} as payload
    from versions
)

select
    {{ envelope() }},
    'amazon:' || {{ named_value('payload.relatedIdentifiers', 'relatedIdentifierName', 'ORDER_ID', 'relatedIdentifierValue') }} as order_record_id,
    'amazon:' || {{ named_value('payload.relatedIdentifiers', 'relatedIdentifierName', 'FINANCIAL_EVENT_GROUP_ID', 'relatedIdentifierValue') }} as settlement_record_id,
    payload.transactionType as transaction_type,
    payload.transactionStatus as status,
    cast(payload.totalAmount.currencyAmount as decimal(18, 4)) as net_amount,
    payload.totalAmount.currencyCode as currency,
    cast(cast(payload.postedDate as timestamptz) as timestamp) as posted_at
from parsed
