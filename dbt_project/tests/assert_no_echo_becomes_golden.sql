{#- A value that Odoo returns as we published it is no evidence for itself. -#}
{%- set keys = keys_to_test({
    'golden_customers__provenance': 'customer_id',
    'conformed_customers': 'select customer_id from {changed} inner join matched.matched_customers__ids using (record_id)',
    'matched_customers__ids': 'customer_id',
}) -%}
select told.customer_id, told.attribute
from {{ narrowed(ref('golden_customers__provenance'), keys, 'customer_id') }} as told
inner join {{ ref('conformed_customers') }} as records on told.record_id = records.record_id
where list_contains(records.echoes, case told.attribute
    {%- for trait, attributes in customer_traits().items() %}
    {%- for attribute in attributes %}
    when '{{ attribute }}' then '{{ trait }}'
    {%- endfor %}
    {%- endfor %}
end)
