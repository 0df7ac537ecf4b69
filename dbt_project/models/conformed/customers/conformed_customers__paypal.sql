{#- Evidence of identity only: no survivorship order names paypal, so that no value of it survives. A payer is known by what the
    newest transaction says; PayPal has no list of payers. -#}
with payers as (
    select
        *,
        row_number() over (partition by payer_key order by event_at desc, record_id) as newest
    from {{ ref('stg_paypal__transactions') }}
    where payer_key is not null
),

named as (
    select * replace ('paypal:' || payer_key as record_id, payer_key as source_key)
    from payers
    where newest = 1
)

select
    {{ conformed('customers', {
        'is_active': 'true',
        'kind': "'person'",
        'full_name': 'payer_name',
        'email': 'email',
        'phone': 'phone',
        'street': 'street',
        'street2': 'street2',
        'city': 'city',
        'zip': 'zip',
        'country_code': 'country_code',
        'linked_record_id': 'null',
    }) }}
from named
