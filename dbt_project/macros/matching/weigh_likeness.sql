{#- Look-alikes with their features, their leads over the next best of either record, and bits above the learnt cut. What is barred
    is nobody's rival: the same article in another pack takes no partner away. A record's best partner has the most bits, but where
    a system lists articles several times, the largest similarity: what comes second there is measured beside it.
    `beside_bits` come on top for the partner of a record that has a better one, in a system that lists articles several times. -#}
{% macro weigh_likeness(likeness, model) %}
{%- set features = declared('products', 'likeness.features') | map(attribute='name') | list -%}
{%- set limit = declared('products', 'likeness.learn').lead_limit or 0 -%}
with weights as (

    select
        {%- for name in features + ['least_lead', 'most_lead', 'constant', 'cut'] %}
        max(weight) filter (where feature = '{{ name }}') as {{ name }}_weight,
        max(similarity) filter (where feature = '{{ name }}') as {{ name }}_similarity{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ model }}
    having count(*) > 0

),

resembling as (

    select
        likeness.*,
        weights.*,
        constant_similarity{% for name in features %} + {{ name }} * {{ name }}_similarity{% endfor %} as similarity,
        {% for feature in declared('products', 'likeness.features') if feature.bars %}{{ feature.name }} > 0 or {% endfor %}false as is_barred,
        'within ' || one_system in (select feature from {{ model }}) as is_within
    from {{ likeness }} as likeness
    cross join weights

),

contending as (

    select
        *,
        case when not is_barred then similarity end as contends,
        {%- for side, across in [('one', 'other'), ('other', 'one')] %}
        case
            when {{ keeps_several(across ~ '_system', model, 'often_share') }} and not {{ keeps_several(side ~ '_system', model, 'often_share') }}
                then {{ across }}_no
        end as {{ side }}_alone{{ ',' if not loop.last }}
        {%- endfor %}
    from resembling

),

rivals as (

    select
        *,
        {%- for side, across in [('one', 'other'), ('other', 'one')] %}
        row_number() over (partition by {{ side }}_no, {{ across }}_system, {{ side }}_alone order by contends desc nulls last, {{ across }}_no) as {{ side }}_place,
        max(contends) over (partition by {{ side }}_no, {{ across }}_system, {{ side }}_alone) as {{ side }}_best,
        nth_value(contends, 2) over (
            partition by {{ side }}_no, {{ across }}_system, {{ side }}_alone order by contends desc nulls last, {{ across }}_no
            rows between unbounded preceding and unbounded following
        ) as {{ side }}_second,
        coalesce(lead(contends) over (partition by {{ side }}_no, {{ across }}_system, {{ side }}_alone order by contends desc nulls last, {{ across }}_no), 0) as {{ side }}_worse{{ ',' if not loop.last }}
        {%- endfor %}
    from contending

),

leads as (

    select
        *,
        {%- for side in ['one', 'other'] %}
        greatest(-{{ limit }}, least({{ limit }},
            similarity - case when {{ side }}_place = 1 then coalesce({{ side }}_second, 0) else coalesce({{ side }}_best, 0) end
        )) as {{ side }}_lead,
        greatest(-{{ limit }}, least({{ limit }}, similarity - {{ side }}_worse)) as {{ side }}_lead_beside{{ ',' if not loop.last }}
        {%- endfor %}
    from rivals

),

led as (

    select
        *,
        least(one_lead, other_lead) as least_lead,
        greatest(one_lead, other_lead) as most_lead,
        case
            when is_within then null
            when other_place = 1 and one_place > 1 and {{ keeps_several('other_system', model) }}
                then [one_lead_beside, other_lead]
            when one_place = 1 and other_place > 1 and {{ keeps_several('one_system', model) }}
                then [one_lead, other_lead_beside]
        end as beside
    from leads

),

weighed as (

    select
        *,
        round(constant_weight - cut_weight{% for name in features + ['least_lead', 'most_lead'] %} + {{ name }} * {{ name }}_weight{% endfor %}, 4) as likeness_bits,
        round(
            (least(beside[1], beside[2]) - least_lead) * least_lead_weight + (greatest(beside[1], beside[2]) - most_lead) * most_lead_weight, 4
        ) as beside_bits
    from led

)

select
    *,
    case
        when is_barred then false
        when {{ keeps_several('one_system', model) }} or {{ keeps_several('other_system', model) }} then one_place = 1 and other_place = 1
        else{% for side, across in [('one', 'other'), ('other', 'one')] %}{{ ' and' if not loop.first }} row_number() over (
            partition by {{ side }}_no, {{ across }}_system, {{ side }}_alone
            order by case when not is_barred then likeness_bits end desc nulls last, {{ across }}_no
        ) = 1{% endfor %}
    end as is_mutual_best
from weighed
{% endmacro %}

{#- Whether a system was found to list so many articles several times that a record elsewhere may have several partners there, or, at
    `often_share`, that these are no rivals of each other. -#}
{% macro keeps_several(system, model, share='several_share') -%}
'several ' || {{ system }} in (select feature from {{ model }} where weight > {{ declared('products', 'likeness.learn')[share] or 1 }})
{%- endmacro %}
