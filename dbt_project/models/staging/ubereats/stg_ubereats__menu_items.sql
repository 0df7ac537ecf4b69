{{ config(materialized='view') }}
with versions as (
    {{ latest_per_key(source('ubereats', 'menu_items')) }}
),

parsed as (
    select
        *,
        {{ from_payload({
            'store_id': 'VARCHAR', 'external_data': 'VARCHAR', 'price_info': {'price': 'BIGINT'}, 'suspension_info': 'VARCHAR',
        }) }} as payload
    from versions
)

select
    {{ envelope() }},
    'ubereats:' || payload.store_id as store_record_id,
    'pos:' || payload.external_data as article_record_id,
    payload.price_info.price as price_in_minor_units,
    payload.suspension_info is not null as is_suspended
from parsed
