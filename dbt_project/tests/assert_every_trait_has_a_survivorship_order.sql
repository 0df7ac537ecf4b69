select traits.domain, traits.trait
from (
    {%- for domain, traits in [('customers', customer_traits()), ('products', product_traits()), ('variants', variant_traits())] %}
    {%- for trait in traits %}
    select '{{ domain }}' as domain, '{{ trait }}' as trait
    union all
    {%- endfor %}
    {%- endfor %}
    select 'prices', price_list from {{ ref('price_lists') }}
) as traits
left join {{ ref('survivorship') }} as policy
    on policy.domain = traits.domain and policy.attribute = traits.trait
where policy.systems is null
