{#- The last receipt of each field of Odoo's records that the records, as landed, can show already, and what stood there before our
    unbroken chain of writes (own_value). A load that began when we wrote, or earlier, shows what was there before. `landed` maps
    the objects of receipts to their staging models. One row per object, record and field. -#}
{% macro written_fields(landed) -%}
with readable as (
    {%- for object, model in landed.items() %}
    select receipts.*
    from {{ ref('stg_ledger__receipts') }} as receipts
    inner join {{ ref(model) }} as records
        on receipts.object = '{{ object }}'
        and receipts.record_id = records.record_id
        and {{ load_stamp('receipts.written_at') }} < substr(records.load_id, 1, 21)
    {%- if not loop.last %} union all{% endif %}
    {%- endfor %}
),

linked as (
    select
        *,
        lag(after_value) over writing as after_before,
        row_number() over writing as nth
    from readable
    window writing as (partition by object, record_id, field order by seq)
),

chained as (
    select
        *,
        max(case when nth = 1 or before_value is distinct from after_before then seq end) over (
            partition by object, record_id, field order by seq rows unbounded preceding
        ) as chain
    from linked
),

ordered as (
    select
        *,
        first_value(before_value) over (partition by object, record_id, field, chain order by seq) as own_value,
        row_number() over (partition by object, record_id, field order by seq desc) as newest
    from chained
)

select record_id, object, field, run_kind, own_value, after_value
from ordered
where newest = 1
{%- endmacro %}
