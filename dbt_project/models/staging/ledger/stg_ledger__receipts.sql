{{ config(unique_key=['seq', 'record_id']) }}
select
    seq,
    'odoo:' || odoo_id as record_id,
    object,
    field,
    golden_id,
    run_id,
    run_kind,
    written_at,
    nullif({{ json_scalar('before') }}, 'false') as before_value,
    nullif({{ json_scalar('after') }}, 'false') as after_value
from {{ source('ledger', 'receipts') }}
