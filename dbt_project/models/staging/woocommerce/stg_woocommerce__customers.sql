with versions as (
    {{ latest_per_key(source('woocommerce', 'customers')) }}
),

parsed as (
    select
        *,
        {{ from_payload({
            'email': 'VARCHAR', 'first_name': 'VARCHAR', 'last_name': 'VARCHAR',
            'billing': {
                'company': 'VARCHAR', 'address_1': 'VARCHAR', 'address_2': 'VARCHAR', 'city': 'VARCHAR', 'postcode': 'VARCHAR',
                'country': 'VARCHAR', 'phone': 'VARCHAR',
            },
            'meta_data': [{'key': 'VARCHAR', 'value': 'VARCHAR'}],
        }) }} as payload
    from versions
)

select
    {{ envelope() }},
    {{ clean_text('payload.first_name') }} as first_name,
    {{ clean_text('payload.last_name') }} as last_name,
    {{ clean_text('payload.billing.company') }} as company_name,
    {{ clean_text('payload.email') }} as email,
    {{ clean_text('payload.billing.phone') }} as phone,
    {{ clean_text('payload.billing.address_1') }} as street,
    {{ clean_text('payload.billing.address_2') }} as street2,
    {{ clean_text('payload.billing.city') }} as city,
    {{ clean_text('payload.billing.postcode') }} as zip,
    {{ clean_text('payload.billing.country') }} as country_code,
    {{ named_value('payload.meta_data', 'key', 'assay_id') }} as assay_id
from parsed
