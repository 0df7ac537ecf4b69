{#- Every record's offer for every trait of its golden record, ranked: place 1 survives unless it is refused.
    One row per golden id, trait and record that has a value. `problems` maps a trait to conditions with a reason.
    Continues a `with` clause that defines `relation`. -#}
{% macro candidates(domain, relation, golden_id, traits, problems={}) -%}
, offers as (
    {%- for trait, attributes in traits.items() %}
    select
        {{ golden_id }},
        '{{ trait }}' as trait,
        record_id,
        system,
        event_at,
        is_active,
        {% for attribute in attributes %}{{ '+ ' if not loop.first }}(case when {{ attribute }} is null then 0 else 1 end){% endfor %} as filled,
        {{ list_has('corrections', trait) }} as is_correction,
        case
            when {{ list_has('echoes', trait) }} then 'echo: Assay published it'
            {%- for attribute in attributes if attribute_type(attribute) == 'varchar' %}
            when length({{ attribute }}) > 1000 then 'longer than 1,000 characters'
            {%- endfor %}
            {{ problems.get(trait, '') }}
        end as problem,
        {{ attribute_list(attributes) }} as attribute_values
    from {{ relation }}
    where
        {{ golden_id }} is not null
        and not is_deleted
        and coalesce({% for attribute in attributes %}cast({{ attribute }} as varchar){{ ', ' if not loop.last }}{% endfor %}) is not null
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
),

weighed as (
    select
        offers.{{ golden_id }},
        offers.trait,
        offers.record_id,
        offers.event_at,
        offers.is_active,
        offers.filled,
        offers.is_correction,
        offers.attribute_values,
        case
            when offers.problem is not null then offers.problem
            when {{ source_rank('policy.systems', 'offers.system') }} is null then 'system not trusted with it'
        end as problem,
        {{ source_rank('policy.systems', 'offers.system') }} as source_rank
    from offers
    left join {{ ref('survivorship') }} as policy
        on policy.domain = '{{ domain }}' and policy.attribute = offers.trait
),

placed as (
    select
        *,
        row_number() over (best_first) as place,
        lead(record_id) over (best_first) as next_record_id,
        lead(problem) over (best_first) as next_problem,
        lead(is_active) over (best_first) as next_is_active,
        lead(source_rank) over (best_first) as next_source_rank,
        lead(event_at) over (best_first) as next_event_at,
        lead(filled) over (best_first) as next_filled,
        first_value(is_correction) over (best_first) as best_is_correction,
        first_value(is_active) over (best_first) as best_is_active,
        first_value(source_rank) over (best_first) as best_source_rank,
        first_value(event_at) over (best_first) as best_event_at,
        first_value(filled) over (best_first) as best_filled
    from weighed
    window best_first as (
        partition by {{ golden_id }}, trait
        order by problem is not null, is_correction desc, is_active desc, source_rank, event_at desc, filled desc, record_id
    )
)

select
    {{ golden_id }},
    trait,
    record_id,
    place,
    place = 1 and problem is null as survives,
    problem is not null and problem <> 'system not trusted with it' and problem not like 'echo%' as is_refused,
    case
        when place > 1 or problem is not null then null
        when next_record_id is null or next_problem is not null then 'only candidate'
        when is_correction then 'correction by a person in Odoo'
        when is_active and not next_is_active then 'active before archived'
        when source_rank < next_source_rank then 'source order'
        when event_at > next_event_at then 'newest'
        when filled > next_filled then 'most complete'
        else 'smallest record id'
    end as rule,
    case
        when problem is not null then problem
        when place = 1 then null
        when best_is_correction and not is_correction then 'a person corrected it'
        when best_is_active and not is_active then 'archived'
        when source_rank > best_source_rank then 'less trusted source'
        when event_at < best_event_at then 'older'
        when filled < best_filled then 'less complete'
        else 'larger record id'
    end as why,
    attribute_values
from placed
{%- endmacro %}
