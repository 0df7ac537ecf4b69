{{ config(materialized='view') }}
{#- The waterfall behind each score: what every comparison of a pair says for one party, against chance and household. -#}
with weights as (
    {{ learnt_weights('customers', ref('matched_customers__model')) }}
),

contributions as (
    {{ explain_pairs('customers', ref('matched_customers__comparisons')) }}
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
