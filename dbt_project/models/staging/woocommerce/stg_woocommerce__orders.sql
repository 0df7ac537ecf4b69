{{ config(materialized='view') }}
with versions as (
    {{ latest_per_key(source('woocommerce', 'orders')) }}
),

parsed as (
    select
        *,
        {{ from_payload({
            'number': 'VARCHAR', 'customer_id': 'BIGINT', 'currency': 'VARCHAR', 'prices_include_tax': 'BOOLEAN', 'status': 'VARCHAR',
            'total': 'VARCHAR', 'total_tax': 'VARCHAR', 'payment_method': 'VARCHAR', 'transaction_id': 'VARCHAR',
            'date_created_gmt': 'VARCHAR',
        }) }} as payload
    from versions
)

select
    {{ envelope() }},
    payload.number as order_number,
    case when payload.customer_id > 0 then 'woocommerce:' || payload.customer_id end as customer_record_id,
    cast(payload.total as decimal(18, 4)) as total_amount,
    cast(payload.total_tax as decimal(18, 4)) as tax_amount,
    payload.currency,
    payload.prices_include_tax as is_gross,
    payload.status,
    payload.payment_method,
    {{ clean_text('payload.transaction_id') }} as transaction_id,
    cast(payload.date_created_gmt as timestamp) as sold_at
from parsed
