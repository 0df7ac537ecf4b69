{#- Look-alikes with their features, their leads over the next best of either record, and bits above the learnt cut. -#}
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
        constant_similarity{% for name in features %} + {{ name }} * {{ name }}_similarity{% endfor %} as similarity
    from {{ likeness }} as likeness
    cross join weights

),

rivals as (

    select
        *,
        {%- for side, across in [('one', 'other'), ('other', 'one')] %}
        row_number() over (partition by {{ side }}_no, {{ across }}_system order by similarity desc, {{ across }}_no) as {{ side }}_place,
        max(similarity) over (partition by {{ side }}_no, {{ across }}_system) as {{ side }}_best,
        nth_value(similarity, 2) over (
            partition by {{ side }}_no, {{ across }}_system order by similarity desc, {{ across }}_no
            rows between unbounded preceding and unbounded following
        ) as {{ side }}_second{{ ',' if not loop.last }}
        {%- endfor %}
    from resembling

),

leads as (

    select
        *,
        {%- for side in ['one', 'other'] %}
        greatest(-{{ limit }}, least({{ limit }},
            similarity - case when {{ side }}_place = 1 then coalesce({{ side }}_second, 0) else {{ side }}_best end
        )) as {{ side }}_lead{{ ',' if not loop.last }}
        {%- endfor %}
    from rivals

),

led as (

    select *, least(one_lead, other_lead) as least_lead, greatest(one_lead, other_lead) as most_lead
    from leads

)

select
    *,
    round(constant_weight - cut_weight{% for name in features + ['least_lead', 'most_lead'] %} + {{ name }} * {{ name }}_weight{% endfor %}, 4) as likeness_bits
from led
{% endmacro %}
