{#- And nothing else has: both levels and both sides, attribute by attribute. -#}
{%- set keys = keys_to_test({
    'golden_products': 'product_id', 'golden_products__variants': 'variant_id', 'golden_products__provenance': 'golden_id',
}) -%}
with told as (
    select golden_id, attribute, value from {{ ref('golden_products__provenance') }} where {{ is_touched(keys, 'golden_id') }}
),

held as (
    {%- for model, golden_id, traits in [
        ('golden_products', 'product_id', product_traits()), ('golden_products__variants', 'variant_id', variant_traits()),
    ] %}
    {%- for attributes in traits.values() %}
    {%- for attribute in attributes %}
    select {{ golden_id }} as golden_id, '{{ attribute }}' as attribute, cast({{ attribute }} as varchar) as value
    from {{ ref(model) }}
    where {{ attribute }} is not null and {{ is_touched(keys, golden_id) }}
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
)

select coalesce(told.golden_id, held.golden_id) as golden_id, coalesce(told.attribute, held.attribute) as attribute
from told
full join held on told.golden_id = held.golden_id and told.attribute = held.attribute
where told.value is distinct from held.value
