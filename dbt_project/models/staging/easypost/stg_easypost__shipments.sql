with versions as (
    {{ latest_per_key(source('easypost', 'shipments')) }}
),

parsed as (
    select
        *,
        {{ from_payload({
            'reference': 'VARCHAR', 'status': 'VARCHAR', 'tracking_code': 'VARCHAR', 'created_at': 'VARCHAR', 'is_return': 'BOOLEAN',
            'selected_rate': {'carrier': 'VARCHAR', 'rate': 'VARCHAR', 'currency': 'VARCHAR'},
            'to_address': {
                'id': 'VARCHAR', 'name': 'VARCHAR', 'company': 'VARCHAR', 'street1': 'VARCHAR', 'street2': 'VARCHAR', 'city': 'VARCHAR',
                'zip': 'VARCHAR', 'country': 'VARCHAR', 'phone': 'VARCHAR', 'email': 'VARCHAR',
            },
        }) }} as payload
    from versions
)

select
    {{ envelope() }},
    payload.reference as order_record_id,
    payload.status,
    payload.tracking_code,
    payload.is_return,
    payload.selected_rate.carrier as carrier,
    cast(payload.selected_rate.rate as decimal(18, 4)) as rate_amount,
    payload.selected_rate.currency as rate_currency,
    cast(cast(payload.created_at as timestamptz) as timestamp) as labelled_at,
    payload.to_address.id as recipient_key,
    {{ clean_text('payload.to_address.name') }} as recipient_name,
    {{ clean_text('payload.to_address.company') }} as company_name,
    {{ clean_text('payload.to_address.email') }} as email,
    {{ clean_text('payload.to_address.phone') }} as phone,
    {{ clean_text('payload.to_address.street1') }} as street,
    {{ clean_text('payload.to_address.street2') }} as street2,
    {{ clean_text('payload.to_address.city') }} as city,
    {{ clean_text('payload.to_address.zip') }} as zip,
    payload.to_address.country as country_code
from parsed
