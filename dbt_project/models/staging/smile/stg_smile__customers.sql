with versions as (
    {{ latest_per_key(source('smile', 'customers')) }}
),

parsed as (
    select
        *,
        {{ from_payload({
            'first_name': 'VARCHAR', 'last_name': 'VARCHAR', 'email': 'VARCHAR', 'state': 'VARCHAR', 'date_of_birth': 'DATE',
            'points_balance': 'BIGINT',
        }) }} as payload
    from versions
)

select
    {{ envelope() }},
    {{ clean_text('payload.first_name') }} as first_name,
    {{ clean_text('payload.last_name') }} as last_name,
    {{ clean_text('payload.email') }} as email,
    payload.date_of_birth as birth_on,
    payload.state as membership,
    payload.points_balance
from parsed
