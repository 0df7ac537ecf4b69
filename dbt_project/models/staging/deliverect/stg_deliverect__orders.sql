{{ config(materialized='view') }}
with versions as (
    {{ latest_per_key(source('deliverect', 'orders')) }}
),

parsed as (
    select
        *,
        {{ from_payload({
            'channelOrderId': 'VARCHAR', 'posReceiptId': 'VARCHAR', 'location': 'VARCHAR', 'channel': 'BIGINT', 'status': 'BIGINT',
            '_created': 'VARCHAR', 'decimalDigits': 'BIGINT', 'payment': {'amount': 'BIGINT'},
        }) }} as payload
    from versions
)

select
    {{ envelope() }},
    payload.channelOrderId as order_number,
    'pos:' || payload.posReceiptId as receipt_record_id,
    payload.location as location_key,
    payload.channel as channel_number,
    payload.status = 110 as is_cancelled,
    cast(
        cast(payload.payment.amount as decimal(18, 0))
        * case payload.decimalDigits when 0 then 1.000 when 3 then 0.001 else 0.010 end as decimal(18, 4)
    ) as total_amount,
    cast(cast(payload._created as timestamptz) as timestamp) as sold_at
from parsed
