{#- What every comparison of compared pairs says, as log2 probabilities per class: the terms whose sums `score_pairs` weighs. One row
    per pair and comparison that had something to compare, the prior among them. Expects `weights` from `learnt_weights`. -#}
{% macro explain_pairs(domain, compared) %}
with leveled as (

    select
        left_no,
        right_no,
        affinity,
        {%- for comparison in declared(domain, 'compare.comparisons') if comparison.share is defined %}
        {{ comparison.name }}_share,
        {%- endfor %}
        {{ levels_of(domain) }}
    from {{ compared }}

)
{%- for comparison in declared(domain, 'compare.comparisons') %}
select
    left_no,
    right_no,
    '{{ comparison.name }}' as comparison,
    {{ comparison.name }} as level,
    {{ level_weight(domain, comparison, 'match') }} as log_match,
    {{ level_weight(domain, comparison, 'household') }} as log_household,
    {{ level_weight(domain, comparison, 'chance') }} as log_chance,
    {{ comparison.name ~ '_share / 1000000000' if comparison.share is defined else 'cast(null as double)' }} as share
from leveled
cross join weights
where {{ comparison.name }} is not null
union all
{%- endfor %}
select left_no, right_no, 'prior', 0, prior_match, prior_household, prior_chance, null
from leveled
cross join weights
{%- for both in declared(domain, 'learn.together') %}
union all
select
    left_no, right_no, 'together', {{ loop.index0 }}, 0, 0, together_chance[{{ loop.index }}]{{ ' + log2(affinity / 1000000)' if loop.first }}, null
from leveled
cross join weights
where {{ go_together(domain, both) }}
{%- endfor %}
{% endmacro %}
