{#- And nothing else has: both sides, attribute by attribute. -#}
{%- set keys = keys_to_test({'golden_customers': 'customer_id', 'golden_customers__provenance': 'customer_id'}) -%}
with told as (
    select customer_id, attribute, value from {{ ref('golden_customers__provenance') }} where {{ is_touched(keys, 'customer_id') }}
),

golden as (
    select * from {{ ref('golden_customers') }} where {{ is_touched(keys, 'customer_id') }}
),

held as (
    {%- for attributes in customer_traits().values() %}
    {%- for attribute in attributes %}
    select customer_id, '{{ attribute }}' as attribute, cast({{ attribute }} as varchar) as value
    from golden
    where {{ attribute }} is not null
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
)

select coalesce(told.customer_id, held.customer_id) as customer_id, coalesce(told.attribute, held.attribute) as attribute
from told
full join held on told.customer_id = held.customer_id and told.attribute = held.attribute
where told.value is distinct from held.value
