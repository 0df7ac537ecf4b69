with versions as (
    {{ latest_per_key(source('shopify', 'products')) }}
),

parsed as (
    select
        *,
        {{ from_payload({
            'title': 'VARCHAR', 'vendor': 'VARCHAR', 'productType': 'VARCHAR', 'status': 'VARCHAR', 'assayId': {'value': 'VARCHAR'},
        }) }} as payload
    from versions
)

select
    {{ envelope() }},
    {{ clean_text('payload.title') }} as product_name,
    {{ clean_text('payload.vendor') }} as brand,
    {{ clean_text('payload.productType') }} as category,
    payload.status,
    payload.assayId.value as assay_id
from parsed
