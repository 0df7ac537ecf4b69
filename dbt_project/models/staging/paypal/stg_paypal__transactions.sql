with versions as (
    {{ latest_per_key(source('paypal', 'transactions')) }}
),

parsed as (
    select
        *,
        {{ from_payload({
            'transaction_info': {
                'transaction_id': 'VARCHAR', 'transaction_event_code': 'VARCHAR', 'transaction_status': 'VARCHAR',
                'transaction_initiation_date': 'VARCHAR', 'paypal_reference_id': 'VARCHAR', 'invoice_id': 'VARCHAR',
                'custom_field': 'VARCHAR', 'transaction_amount': {'value': 'VARCHAR', 'currency_code': 'VARCHAR'},
                'fee_amount': {'value': 'VARCHAR'},
            },
            'payer_info': {
                'account_id': 'VARCHAR', 'email_address': 'VARCHAR', 'country_code': 'VARCHAR',
                'payer_name': {'given_name': 'VARCHAR', 'surname': 'VARCHAR', 'alternate_full_name': 'VARCHAR'},
                'phone_number': {'country_code': 'VARCHAR', 'national_number': 'VARCHAR'},
                'address': {'line1': 'VARCHAR', 'line2': 'VARCHAR', 'city': 'VARCHAR', 'postal_code': 'VARCHAR'},
            },
        }) }} as payload
    from versions
)

select
    {{ envelope() }},
    payload.transaction_info.transaction_id,
    payload.transaction_info.transaction_event_code as event_code,
    payload.transaction_info.transaction_status as status,
    payload.transaction_info.paypal_reference_id as reference_id,
    payload.transaction_info.invoice_id,
    payload.transaction_info.custom_field as order_key,
    cast(payload.transaction_info.transaction_amount.value as decimal(18, 4)) as transaction_amount,
    cast(payload.transaction_info.fee_amount.value as decimal(18, 4)) as fee_amount,
    payload.transaction_info.transaction_amount.currency_code as transaction_currency,
    cast(cast(payload.transaction_info.transaction_initiation_date as timestamptz) as timestamp) as initiated_at,
    payload.payer_info.account_id as payer_key,
    {{ clean_text('payload.payer_info.payer_name.alternate_full_name') }} as payer_name,
    {{ clean_text('payload.payer_info.email_address') }} as email,
    '+' || payload.payer_info.phone_number.country_code || payload.payer_info.phone_number.national_number as phone,
    {{ clean_text('payload.payer_info.address.line1') }} as street,
    {{ clean_text('payload.payer_info.address.line2') }} as street2,
    {{ clean_text('payload.payer_info.address.city') }} as city,
    {{ clean_text('payload.payer_info.address.postal_code') }} as zip,
    payload.payer_info.country_code
from parsed
