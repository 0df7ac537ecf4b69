{{ config(materialized='view') }}
with versions as (
    {{ latest_per_key(source('woocommerce', 'refunds')) }}
),

parsed as (
    select
        *,
        {{ from_payload({'parent_id': 'BIGINT', 'amount': 'VARCHAR', 'date_created_gmt': 'VARCHAR'}) }} as payload
    from versions
)

select
    {{ envelope() }},
    'woocommerce:' || payload.parent_id as order_record_id,
    cast(payload.amount as decimal(18, 4)) as refund_amount,
    cast(payload.date_created_gmt as timestamp) as refunded_at
from parsed
