{#- What our receipts say stands on each price rule of Odoo, so that echoes are told from evidence. -#}
with fields as (
    select record_id, {{ latest_published(['fixed_price', 'min_quantity', 'date_start', 'date_end']) }}
    from {{ ref('stg_ledger__receipts') }}
    where object = 'product_pricelist_item' and run_kind <> 'undo'
    group by record_id
),

enveloped as (
    select {{ no_envelope() }}, fixed_price, min_quantity, date_start, date_end from fields
)

select
    {{ conformed('prices', {
        'amount': 'cast(fixed_price as decimal(18, 4))',
        'min_quantity': 'greatest(cast(min_quantity as double), 1)',
        'valid_from_at': 'cast(date_start as timestamp)',
        'valid_to_at': "cast(date_end as timestamp) + interval '1 second'",
    }) }}
from enveloped
