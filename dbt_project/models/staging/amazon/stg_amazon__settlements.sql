{{ config(materialized='view') }}
with versions as (
    {{ latest_per_key(source('amazon', 'settlements')) }}
),

parsed as (
    select
        *,
        {{ from_payload({
            'ProcessingStatus': 'VARCHAR', 'FundTransferStatus': 'VARCHAR', 'TraceId': 'VARCHAR', 'FundTransferDate': 'VARCHAR',
            'FinancialEventGroupStart': 'VARCHAR', 'FinancialEventGroupEnd': 'VARCHAR',
            'OriginalTotal': {'CurrencyAmount': 'VARCHAR', 'CurrencyCode': 'VARCHAR'},
        }) }} as payload
    from versions
)

select
    {{ envelope() }},
    lower(payload.ProcessingStatus) = 'closed' as is_closed,
    payload.FundTransferStatus as transfer_status,
    payload.TraceId as trace_key,
    cast(payload.OriginalTotal.CurrencyAmount as decimal(18, 4)) as settled_amount,
    payload.OriginalTotal.CurrencyCode as currency,
    cast(cast(payload.FinancialEventGroupStart as timestamptz) as timestamp) as begun_at,
    cast(cast(payload.FinancialEventGroupEnd as timestamptz) as timestamp) as ended_at,
    cast(cast(payload.FundTransferDate as timestamptz) as timestamp) as paid_out_at
from parsed
