{{ config(materialized='view') }}
with versions as (
    {{ latest_per_key(source('stripe', 'disputes')) }}
),

parsed as (
    select
        *,
        {{ from_payload({
            'charge': 'VARCHAR', 'amount': 'BIGINT', 'currency': 'VARCHAR', 'status': 'VARCHAR', 'reason': 'VARCHAR',
            'evidence_details': {'due_by': 'BIGINT'},
        }) }} as payload
    from versions
)

select
    {{ envelope() }},
    'stripe:' || payload.charge as charge_record_id,
    {{ from_minor_units('payload.amount', 'payload.currency') }} as disputed_amount,
    upper(payload.currency) as currency,
    payload.status,
    payload.reason,
    make_timestamp(payload.evidence_details.due_by * 1000000) as evidence_due_at
from parsed
