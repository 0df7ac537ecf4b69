{#- What our receipts say stands on each price rule of Odoo, so that echoes are told from evidence. -#}
with written as (
    {{ written_fields({'product_pricelist_item': 'stg_odoo__pricelist_items'}) }}
),

fields as (
    {%- for side, value in published_sides().items() %}
    select
        record_id,
        '{{ side }}' as system,
        {{ latest_published(['fixed_price', 'min_quantity', 'date_start', 'date_end'], value) }}
    from written
    where run_kind <> 'undo'
    group by record_id
    {%- if not loop.last %} union all{% endif %}
    {%- endfor %}
),

enveloped as (
    select {{ no_envelope() }}, fixed_price, min_quantity, date_start, date_end from fields
)

select
    {{ conformed('prices', {
        'amount': 'cast(fixed_price as decimal(18, 4))',
        'min_quantity': 'case when min_quantity is not null then greatest(cast(min_quantity as double), 1) end',
        'valid_from_at': 'cast(date_start as timestamp)',
        'valid_to_at': "cast(date_end as timestamp) + interval '1 second'",
    }) }}
from enveloped
