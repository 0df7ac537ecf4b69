with versions as (
    {{ latest_per_key(source('voucherify', 'customers')) }}
),

parsed as (
    select
        *,
        {{ from_payload({
            'name': 'VARCHAR', 'email': 'VARCHAR', 'phone': 'VARCHAR', 'birthdate': 'VARCHAR', 'source_id': 'VARCHAR',
            'address': {
                'line_1': 'VARCHAR', 'line_2': 'VARCHAR', 'city': 'VARCHAR', 'postal_code': 'VARCHAR', 'country': 'VARCHAR',
            },
            'metadata': {'loyalty_code': 'VARCHAR', 'language': 'VARCHAR', 'assay_id': 'VARCHAR'},
        }) }} as payload
    from versions
)

select
    {{ envelope() }},
    {{ clean_text('payload.name') }} as full_name,
    {{ clean_text('payload.email') }} as email,
    {{ clean_text('payload.phone') }} as phone,
    {{ clean_text('payload.address.line_1') }} as street,
    {{ clean_text('payload.address.line_2') }} as street2,
    {{ clean_text('payload.address.city') }} as city,
    {{ clean_text('payload.address.postal_code') }} as zip,
    payload.address.country as country_code,
    try_cast(payload.birthdate as date) as birth_on,
    {{ clean_text('payload.metadata.loyalty_code') }} as loyalty_code,
    payload.metadata.language as locale,
    {{ clean_text('payload.source_id') }} as source_id,
    payload.metadata.assay_id
from parsed
