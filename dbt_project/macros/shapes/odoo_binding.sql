{#- The Odoo record that each golden id is bound to: the one that we published on before, else the oldest active one;
    and all of the cluster's records there. -#}
{% macro odoo_binding(members, golden_id, odoo_id='cast(source_key as bigint)', published_id='published_id') -%}
select
    golden_id,
    max(case when place = 1 then odoo_id end) as odoo_id,
    list_sort(list_distinct(list(odoo_id))) as odoo_ids
from (
    select
        {{ golden_id }} as golden_id,
        {{ odoo_id }} as odoo_id,
        row_number() over (
            partition by {{ golden_id }}
            order by coalesce({{ published_id }} = {{ golden_id }}, false) desc, is_active desc, {{ odoo_id }}, record_id
        ) as place
    from {{ members }}
    where system = 'odoo' and {{ odoo_id }} is not null
) as bound
group by golden_id
{%- endmacro %}
