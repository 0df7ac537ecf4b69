{#- A value that Odoo returns as we published it is no evidence for itself. -#}
select told.customer_id, told.attribute
from {{ ref('golden_customers__provenance') }} as told
inner join {{ ref('matched_customers') }} as records on told.record_id = records.record_id
where list_contains(records.echoes, case told.attribute
    {%- for trait, attributes in customer_traits().items() %}
    {%- for attribute in attributes %}
    when '{{ attribute }}' then '{{ trait }}'
    {%- endfor %}
    {%- endfor %}
end)
