with survivors as (
    select
        customer_id,
        {%- for trait in customer_traits() %}
        max(case when trait = '{{ trait }}' then record_id end) as {{ trait }}_record{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('golden_customers__candidates') }}
    where survives
    group by customer_id
)

select
    records.customer_id,
    {%- for trait, attributes in customer_traits().items() %}
    {%- for attribute in attributes %}
    max(case when records.record_id = survivors.{{ trait }}_record then records.{{ attribute }} end) as {{ attribute }},
    {%- endfor %}
    {%- endfor %}
    count(*) as record_count,
    count(distinct records.system) as system_count
from {{ ref('matched_customers') }} as records
inner join survivors on records.customer_id = survivors.customer_id
where not records.is_deleted and coalesce(survivors.name_record, survivors.company_name_record) is not null
group by records.customer_id
