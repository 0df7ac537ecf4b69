{#- One row per golden id with the surviving value of every attribute, taken from the records themselves. `kept` lists the
    columns to add. Expects candidates as `candidates` made them. -#}
{% macro survivors(candidates, records, golden_id, traits, required, kept) -%}
with survivors as (
    select
        {{ golden_id }},
        {%- for trait in traits %}
        max(case when trait = '{{ trait }}' then record_id end) as {{ trait }}_record{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ candidates }}
    where survives
    group by {{ golden_id }}
)

select
    records.{{ golden_id }},
    {%- for trait, attributes in traits.items() %}
    {%- for attribute in attributes %}
    max(case when records.record_id = survivors.{{ trait }}_record then records.{{ attribute }} end) as {{ attribute }},
    {%- endfor %}
    {%- endfor %}
    {{ kept | join(',\n    ') }}
from {{ records }} as records
inner join survivors on records.{{ golden_id }} = survivors.{{ golden_id }}
where not records.is_deleted and coalesce({% for trait in required %}survivors.{{ trait }}_record{{ ', ' if not loop.last }}{% endfor %}) is not null
group by records.{{ golden_id }}
{%- endmacro %}
