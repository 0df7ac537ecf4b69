{{ config(materialized='view') }}
with versions as (
    {{ latest_per_key(source('bank', 'entries'), [
        'statement_id', 'account', 'booked_on', 'valued_on', 'amount', 'currency', 'status', 'is_reversal',
        'reference', 'party', 'party_account', 'text',
    ]) }}
)

select
    {{ envelope() }},
    'bank:' || statement_id as statement_record_id,
    account,
    booked_on,
    valued_on,
    amount,
    currency,
    status = 'BOOK' as is_booked,
    is_reversal,
    {{ clean_text('reference') }} as reference,
    {{ clean_text('party') }} as party,
    {{ clean_text('party_account') }} as party_account,
    {{ clean_text('text') }} as remittance_text
from versions
