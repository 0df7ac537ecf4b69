with versions as (
    {{ latest_per_key(source('quickbooks', 'customers')) }}
),

parsed as (
    select
        *,
        {{ from_payload({
            'DisplayName': 'VARCHAR', 'CompanyName': 'VARCHAR', 'Active': 'BOOLEAN',
            'PrimaryEmailAddr': {'Address': 'VARCHAR'}, 'PrimaryPhone': {'FreeFormNumber': 'VARCHAR'},
            'Mobile': {'FreeFormNumber': 'VARCHAR'},
            'BillAddr': {'Line1': 'VARCHAR', 'Line2': 'VARCHAR', 'City': 'VARCHAR', 'PostalCode': 'VARCHAR', 'Country': 'VARCHAR'},
        }) }} as payload
    from versions
)

select
    {{ envelope() }},
    {{ clean_text('payload.DisplayName') }} as full_name,
    {{ clean_text('payload.CompanyName') }} as company_name,
    {{ clean_text('payload.PrimaryEmailAddr.Address') }} as email,
    {{ clean_text('payload.PrimaryPhone.FreeFormNumber') }} as phone,
    {{ clean_text('payload.Mobile.FreeFormNumber') }} as mobile,
    {{ clean_text('payload.BillAddr.Line1') }} as street,
    {{ clean_text('payload.BillAddr.Line2') }} as street2,
    {{ clean_text('payload.BillAddr.City') }} as city,
    {{ clean_text('payload.BillAddr.PostalCode') }} as zip,
    {{ clean_text('payload.BillAddr.Country') }} as country_code,
    payload.Active as is_active
from parsed
