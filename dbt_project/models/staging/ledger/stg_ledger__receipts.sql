{#- The last receipt of each field of each Odoo record. -#}
with ordered as (
    select
        *,
        row_number() over (partition by object, odoo_id, field order by seq desc) as newest
    from {{ source('ledger', 'receipts') }}
)

select
    'odoo:' || odoo_id as record_id,
    object,
    field,
    golden_id,
    run_id,
    run_kind,
    written_at,
    nullif({{ json_scalar('after') }}, 'false') as after_value
from ordered
where newest = 1
