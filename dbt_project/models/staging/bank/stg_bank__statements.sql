{{ config(materialized='view') }}
with versions as (
    {{ latest_per_key(source('bank', 'statements'), [
        'account', 'number', 'currency', 'opening_amount', 'opened_on', 'closing_amount', 'closed_on',
        'entry_count',
    ]) }}
)

select
    {{ envelope() }},
    account,
    number as statement_number,
    currency,
    opening_amount,
    opened_on,
    closing_amount,
    closed_on,
    entry_count
from versions
