with versions as (
    {{ latest_per_key(source('zendesk', 'users')) }}
),

parsed as (
    select
        *,
        {{ from_payload({
            'name': 'VARCHAR', 'email': 'VARCHAR', 'phone': 'VARCHAR', 'role': 'VARCHAR', 'suspended': 'BOOLEAN', 'locale': 'VARCHAR',
        }) }} as payload
    from versions
)

select
    {{ envelope() }},
    {{ clean_text('payload.name') }} as full_name,
    {{ clean_text('payload.email') }} as email,
    {{ clean_text('payload.phone') }} as phone,
    payload.role,
    payload.suspended as is_suspended,
    payload.locale
from parsed
