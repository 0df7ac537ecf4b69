{#- Bits of evidence that a pair is one party rather than one household or chance: log2 of the posterior odds. -#}
{% macro score_pairs(domain, compared, model, keys=none) %}
{%- set together = declared(domain, 'learn.together') -%}
with weights as (
    {{ learnt_weights(domain, model) }}
),

weighed as (

    select
        left_no,
        right_no,
        {%- for class in ['match', 'household', 'chance'] %}
        prior_{{ class }}
        {%- for comparison in declared(domain, 'compare.comparisons') %}
        + coalesce({{ level_weight(domain, comparison, class) }}, 0)
        {%- endfor %}
        {%- if class == 'chance' and together %}
        + case when {{ together | join(' = 0 and ') }} = 0 then together_chance + log2(affinity) else 0 end
        {%- endif %}
        as log_{{ class }},
        {%- endfor %}
    from {{ narrowed(compared, keys, ['left_no', 'right_no']) }} as compared
    cross join weights

)

select
    left_no,
    right_no,
    round(log_match - greatest(log_household, log_chance) - log2(1 + pow(2, -abs(log_household - log_chance))), 4) as bits
from weighed
{% endmacro %}

{#- What the model learnt as one row: per comparison and class a list of log2 probabilities, in the order of the levels. -#}
{% macro learnt_weights(domain, model) %}
select
    {%- for class in ['match', 'household', 'chance'] %}
    {%- for comparison in declared(domain, 'compare.comparisons') %}
    list(log2({{ class }}) order by level) filter (where comparison = '{{ comparison.name }}') as {{ comparison.name }}_{{ class }},
    {%- endfor %}
    max(log2({{ class }})) filter (where comparison = 'prior') as prior_{{ class }},
    {%- endfor %}
    max(log2(chance)) filter (where comparison = 'together') as together_chance,
    max(chance) filter (where comparison = 'records') as records
from {{ model }}
{% endmacro %}

{#- log2 probability of a pair's level in a class. How likely chance gives an equal value depends on how common that value
    is; the learnt chance of any equal value only smooths it. -#}
{% macro level_weight(domain, comparison, class) -%}
{%- set weights = comparison.name ~ '_' ~ class -%}
{%- set smooth = declared(domain, 'learn.share_records') -%}
{%- if class == 'chance' and comparison.share is defined -%}
case
    when {{ comparison.name }} = 0
        then log2(({{ comparison.name }}_share * records + pow(2, {{ weights }}[1]) * {{ smooth }}) / (records + {{ smooth }}))
    else {{ weights }}[{{ comparison.name }} + 1]
end
{%- else -%}
{{ weights }}[{{ comparison.name }} + 1]
{%- endif -%}
{%- endmacro %}
