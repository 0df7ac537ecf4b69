with versions as (
    {{ latest_per_key(source('stripe', 'customers')) }}
),

parsed as (
    select
        *,
        {{ from_payload({
            'name': 'VARCHAR', 'email': 'VARCHAR', 'phone': 'VARCHAR',
            'address': {
                'line1': 'VARCHAR', 'line2': 'VARCHAR', 'city': 'VARCHAR', 'postal_code': 'VARCHAR', 'country': 'VARCHAR',
            },
            'preferred_locales': ['VARCHAR'],
            'metadata': {'shopify_customer_id': 'VARCHAR', 'assay_id': 'VARCHAR'},
        }) }} as payload
    from versions
)

select
    {{ envelope() }},
    {{ clean_text('payload.name') }} as full_name,
    {{ clean_text('payload.email') }} as email,
    {{ clean_text('payload.phone') }} as phone,
    {{ clean_text('payload.address.line1') }} as street,
    {{ clean_text('payload.address.line2') }} as street2,
    {{ clean_text('payload.address.city') }} as city,
    {{ clean_text('payload.address.postal_code') }} as zip,
    payload.address.country as country_code,
    {{ nth('payload.preferred_locales', 1) }} as locale,
    {{ clean_text('payload.metadata.shopify_customer_id') }} as customer_id_shopify,
    payload.metadata.assay_id
from parsed
