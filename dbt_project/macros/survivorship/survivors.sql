{#- One row per golden id with the surviving value of every attribute, taken from the records themselves. `kept` lists the
    columns to add. Expects candidates as `candidates` made them, and in `decided` what stewards set, which comes last and wins. -#}
{% macro survivors(candidates, records, golden_id, traits, required, kept, decided) -%}
with survivors as (
    select
        {{ golden_id }},
        {%- for trait in traits %}
        max(case when trait = '{{ trait }}' then record_id end) as {{ trait }}_record{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ candidates }}
    where survives
    group by {{ golden_id }}
),

decided as (
    select
        {{ golden_id }},
        {%- for attributes in traits.values() %}
        {%- for attribute in attributes %}
        max(case when attribute = '{{ attribute }}' then 1 end) as {{ attribute }}_is_set,
        max(case when attribute = '{{ attribute }}' then value end) as {{ attribute }},
        {%- endfor %}
        {%- endfor %}
        count(*) as decisions
    from {{ decided }}
    where problem is null
    group by {{ golden_id }}
)

select
    records.{{ golden_id }},
    {%- for trait, attributes in traits.items() %}
    {%- for attribute in attributes %}
    case
        when max(decided.{{ attribute }}_is_set) = 1 then cast(max(decided.{{ attribute }}) as {{ attribute_type(attribute) }})
        else max(case when records.record_id = survivors.{{ trait }}_record then records.{{ attribute }} end)
    end as {{ attribute }},
    {%- endfor %}
    {%- endfor %}
    {{ kept | join(',\n    ') }}
from {{ records }} as records
inner join survivors on records.{{ golden_id }} = survivors.{{ golden_id }}
left join decided on records.{{ golden_id }} = decided.{{ golden_id }}
where not records.is_deleted and coalesce({% for trait in required %}survivors.{{ trait }}_record{{ ', ' if not loop.last }}{% endfor %}) is not null
group by records.{{ golden_id }}
{%- endmacro %}
