with versions as (
    {{ latest_per_key(source('sendcloud', 'shipments')) }}
),

parsed as (
    select
        *,
        {{ from_payload({
            'order_number': 'VARCHAR',
            'parcels': [{'tracking_number': 'VARCHAR', 'created_at': 'VARCHAR', 'status': {'code': 'VARCHAR'}}],
            'ship_with': {'properties': {'shipping_option_code': 'VARCHAR'}},
            'to_address': {
                'name': 'VARCHAR', 'company_name': 'VARCHAR', 'address_line_1': 'VARCHAR', 'house_number': 'VARCHAR', 'address_line_2': 'VARCHAR',
                'city': 'VARCHAR', 'postal_code': 'VARCHAR', 'country_code': 'VARCHAR', 'email': 'VARCHAR', 'phone_number': 'VARCHAR',
            },
        }) }} as payload
    from versions
)

select
    {{ envelope() }},
    payload.order_number,
    payload.ship_with.properties.shipping_option_code as shipping_option,
    {{ nth('payload.parcels', 1) }}.status.code as status,
    {{ nth('payload.parcels', 1) }}.tracking_number as tracking_code,
    cast(cast({{ nth('payload.parcels', 1) }}.created_at as timestamptz) as timestamp) as labelled_at,
    {{ clean_text('payload.to_address.name') }} as recipient_name,
    {{ clean_text('payload.to_address.company_name') }} as company_name,
    {{ clean_text("concat_ws(' ', payload.to_address.address_line_1, payload.to_address.house_number)") }} as street,
    {{ clean_text('payload.to_address.address_line_2') }} as street2,
    {{ clean_text('payload.to_address.city') }} as city,
    {{ clean_text('payload.to_address.postal_code') }} as zip,
    payload.to_address.country_code,
    {{ clean_text('payload.to_address.email') }} as email,
    {{ clean_text('payload.to_address.phone_number') }} as phone
from parsed
