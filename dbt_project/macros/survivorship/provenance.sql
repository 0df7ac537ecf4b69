{#- One row per golden id and attribute that has a value: where it came from, by which rule, and what lost against it.
    Continues a `with` clause that defines `golden`, the ids that exist; `also` lists further columns of it to lead each row.
    What stewards set, in `decided`, stands under the rule `steward`, and what it replaced among the losers. -#}
{% macro provenance(candidates, records, golden_id, golden, decided, also=[]) -%}
, offered as (
    select
        {{ golden_id }},
        trait,
        record_id,
        place,
        survives,
        rule,
        why,
        {{ unpacked('attribute_values') }} as part
    from {{ candidates }}
),

survivors as (
    select {{ golden_id }}, part.attribute as attribute, part.value as value, record_id, rule
    from offered
    anti join {{ decided }} as decided
        on offered.{{ golden_id }} = decided.{{ golden_id }} and offered.part.attribute = decided.attribute and decided.problem is null
    where survives and part.value is not null

    union all

    select {{ golden_id }}, attribute, value, record_id, 'steward'
    from {{ decided }}
    where problem is null and value is not null
),

losers as (
    select
        survivors.{{ golden_id }},
        survivors.attribute,
        {{ json_list({
            'value': 'left(offered.part.value, 1000)',
            'record_id': 'offered.record_id',
            'system': 'records.system',
            'event_at': 'cast(records.event_at as varchar)',
            'why': "coalesce(offered.why, 'a steward decided')",
        }, 'offered.place') }} as losing_values
    from survivors
    inner join offered
        on survivors.{{ golden_id }} = offered.{{ golden_id }}
        and survivors.attribute = offered.part.attribute
        and survivors.value <> offered.part.value
    inner join {{ records }} as records on offered.record_id = records.record_id
    group by survivors.{{ golden_id }}, survivors.attribute
)

select
    {% for column in also %}golden.{{ column }},
    {% endfor %}survivors.{{ golden_id }},
    survivors.attribute,
    survivors.value,
    survivors.record_id,
    records.system,
    records.source_key,
    records.unit,
    records.load_id,
    records.event_at,
    survivors.rule,
    coalesce(losers.losing_values, '[]') as losing_values
from survivors
inner join {{ golden }} as golden on survivors.{{ golden_id }} = golden.{{ golden_id }}
inner join {{ records }} as records on survivors.record_id = records.record_id
left join losers
    on survivors.{{ golden_id }} = losers.{{ golden_id }} and survivors.attribute = losers.attribute
{%- endmacro %}
