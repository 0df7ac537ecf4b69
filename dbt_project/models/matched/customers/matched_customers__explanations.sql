{{ config(materialized='view') }}
{#- The waterfall behind each score: what every comparison of a pair says for one party, against chance and household. -#}
with weights as (
    {{ learnt_weights('customers', ref('matched_customers__model')) }}
),

contributions as (
    {%- for comparison in declared('customers', 'compare.comparisons') %}
    select
        left_no,
        right_no,
        '{{ comparison.name }}' as comparison,
        {{ comparison.name }} as level,
        {{ level_weight('customers', comparison, 'match') }} as log_match,
        {{ level_weight('customers', comparison, 'household') }} as log_household,
        {{ level_weight('customers', comparison, 'chance') }} as log_chance
    from {{ ref('matched_customers__scores') }}
    cross join weights
    where {{ comparison.name }} is not null
    union all
    {%- endfor %}
    select
        left_no,
        right_no,
        'prior' as comparison,
        0 as level,
        prior_match as log_match,
        prior_household as log_household,
        prior_chance as log_chance
    from {{ ref('matched_customers__scores') }}
    cross join weights
    {%- set together = declared('customers', 'learn.together') %}
    {%- if together %}
    union all
    select left_no, right_no, 'together', 0, 0, 0, together_chance + log2(affinity)
    from {{ ref('matched_customers__scores') }}
    cross join weights
    where {{ together | join(' = 0 and ') }} = 0
    {%- endif %}

)

select
    l.record_id as left_record_id,
    r.record_id as right_record_id,
    contributions.comparison,
    model.label,
    round(log_match - log_chance, 2) as bits_over_chance,
    round(log_match - log_household, 2) as bits_over_household,
    model.model_version
from contributions
inner join {{ ref('matched_customers__model') }} as model
    on contributions.comparison = model.comparison and contributions.level = model.level
inner join {{ ref('matched_customers__evidence') }} as l on contributions.left_no = l.record_no
inner join {{ ref('matched_customers__evidence') }} as r on contributions.right_no = r.record_no
