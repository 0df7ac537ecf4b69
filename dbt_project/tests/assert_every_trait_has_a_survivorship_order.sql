select trait
from (
    {%- for trait in customer_traits() %}
    select 'customers' as domain, '{{ trait }}' as trait
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
) as traits
left join {{ ref('survivorship') }} as policy
    on policy.domain = traits.domain and policy.attribute = traits.trait
where policy.systems is null
