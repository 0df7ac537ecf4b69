with versions as (
    {{ latest_per_key(source('gorgias', 'customers')) }}
),

parsed as (
    select
        *,
        {{ from_payload({
            'firstname': 'VARCHAR', 'lastname': 'VARCHAR', 'name': 'VARCHAR', 'email': 'VARCHAR', 'language': 'VARCHAR',
            'channels': [{'type': 'VARCHAR', 'address': 'VARCHAR'}],
        }) }} as payload
    from versions
)

select
    {{ envelope() }},
    {{ clean_text('payload.name') }} as full_name,
    {{ clean_text('payload.firstname') }} as first_name,
    {{ clean_text('payload.lastname') }} as last_name,
    {{ clean_text('payload.email') }} as email,
    {{ clean_text(named_value('payload.channels', 'type', 'phone', 'address')) }} as phone,
    payload.language
from parsed
