with versions as (
    {{ latest_per_key(source('mailchimp', 'members')) }}
),

parsed as (
    select
        *,
        {{ from_payload({
            'email_address': 'VARCHAR', 'status': 'VARCHAR', 'language': 'VARCHAR', 'list_id': 'VARCHAR', 'sms_phone_number': 'VARCHAR',
            'merge_fields': {
                'FNAME': 'VARCHAR', 'LNAME': 'VARCHAR', 'PHONE': 'VARCHAR',
                'ADDRESS': {'addr1': 'VARCHAR', 'addr2': 'VARCHAR', 'city': 'VARCHAR', 'zip': 'VARCHAR', 'country': 'VARCHAR'},
            },
        }) }} as payload
    from versions
)

select
    {{ envelope() }},
    payload.list_id as audience_key,
    payload.status,
    {{ clean_text('payload.merge_fields.FNAME') }} as first_name,
    {{ clean_text('payload.merge_fields.LNAME') }} as last_name,
    {{ clean_text('payload.email_address') }} as email,
    coalesce({{ clean_text('payload.merge_fields.PHONE') }}, {{ clean_text('payload.sms_phone_number') }}) as phone,
    {{ clean_text('payload.merge_fields.ADDRESS.addr1') }} as street,
    {{ clean_text('payload.merge_fields.ADDRESS.addr2') }} as street2,
    {{ clean_text('payload.merge_fields.ADDRESS.city') }} as city,
    {{ clean_text('payload.merge_fields.ADDRESS.zip') }} as zip,
    {{ clean_text('payload.merge_fields.ADDRESS.country') }} as country_code,
    {{ clean_text('payload.language') }} as locale
from parsed
