with versions as (
    {{ latest_per_key(source('xero', 'contacts')) }}
),

parsed as (
    select
        *,
        {{ from_payload({
            'ContactStatus': 'VARCHAR', 'Name': 'VARCHAR', 'EmailAddress': 'VARCHAR', 'TaxNumber': 'VARCHAR',
            'IsSupplier': 'BOOLEAN', 'IsCustomer': 'BOOLEAN',
            'Addresses': [{
                'AddressType': 'VARCHAR', 'AddressLine1': 'VARCHAR', 'AddressLine2': 'VARCHAR', 'City': 'VARCHAR',
                'PostalCode': 'VARCHAR', 'Country': 'VARCHAR',
            }],
            'Phones': [{'PhoneType': 'VARCHAR', 'PhoneNumber': 'VARCHAR', 'PhoneAreaCode': 'VARCHAR', 'PhoneCountryCode': 'VARCHAR'}],
        }) }} as payload
    from versions
)

select
    {{ envelope() }},
    {{ clean_text('payload.Name') }} as full_name,
    {{ clean_text('payload.EmailAddress') }} as email,
    {{ clean_text("concat(" ~ nth('payload.Phones', 1) ~ ".PhoneCountryCode, " ~ nth('payload.Phones', 1) ~ ".PhoneAreaCode, " ~ nth('payload.Phones', 1) ~ ".PhoneNumber)") }} as phone,
    {{ clean_text(nth('payload.Addresses', 1) ~ '.AddressLine1') }} as street,
    {{ clean_text(nth('payload.Addresses', 1) ~ '.AddressLine2') }} as street2,
    {{ clean_text(nth('payload.Addresses', 1) ~ '.City') }} as city,
    {{ clean_text(nth('payload.Addresses', 1) ~ '.PostalCode') }} as zip,
    {{ clean_text(nth('payload.Addresses', 1) ~ '.Country') }} as country_code,
    {{ clean_text('payload.TaxNumber') }} as vat,
    coalesce(payload.IsSupplier, false) and not coalesce(payload.IsCustomer, false) as is_supplier_only,
    payload.ContactStatus as status
from parsed
