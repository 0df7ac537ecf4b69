with versions as (
    {{ latest_per_key(source('shopify', 'customers')) }}
),

parsed as (
    select
        *,
        {{ from_payload({
            'firstName': 'VARCHAR', 'lastName': 'VARCHAR', 'locale': 'VARCHAR', 'note': 'VARCHAR', 'state': 'VARCHAR',
            'tags': ['VARCHAR'],
            'defaultEmailAddress': {'emailAddress': 'VARCHAR', 'marketingState': 'VARCHAR'},
            'defaultPhoneNumber': {'phoneNumber': 'VARCHAR'},
            'defaultAddress': {
                'company': 'VARCHAR', 'address1': 'VARCHAR', 'address2': 'VARCHAR', 'city': 'VARCHAR', 'zip': 'VARCHAR',
                'countryCodeV2': 'VARCHAR',
            },
            'birthDate': {'value': 'VARCHAR'}, 'vatNumber': {'value': 'VARCHAR'}, 'loyaltyCode': {'value': 'VARCHAR'},
            'assayId': {'value': 'VARCHAR'},
        }) }} as payload
    from versions
)

select
    {{ envelope() }},
    {{ clean_text('payload.firstName') }} as first_name,
    {{ clean_text('payload.lastName') }} as last_name,
    {{ clean_text('payload.defaultAddress.company') }} as company_name,
    {{ clean_text('payload.defaultEmailAddress.emailAddress') }} as email,
    payload.defaultEmailAddress.marketingState = 'SUBSCRIBED' as accepts_marketing,
    {{ clean_text('payload.defaultPhoneNumber.phoneNumber') }} as phone,
    {{ clean_text('payload.defaultAddress.address1') }} as street,
    {{ clean_text('payload.defaultAddress.address2') }} as street2,
    {{ clean_text('payload.defaultAddress.city') }} as city,
    {{ clean_text('payload.defaultAddress.zip') }} as zip,
    payload.defaultAddress.countryCodeV2 as country_code,
    payload.locale,
    payload.state,
    coalesce({{ list_has('payload.tags', 'B2B') }}, false) as is_business,
    {{ clean_text('payload.note') }} as note,
    try_cast(payload.birthDate.value as date) as birth_on,
    {{ clean_text('payload.vatNumber.value') }} as vat,
    {{ clean_text('payload.loyaltyCode.value') }} as loyalty_code,
    payload.assayId.value as assay_id
from parsed
