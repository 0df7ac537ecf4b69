{{ config(materialized='view') }}
{#- The waterfall behind each score: of comparisons where a pair was judged by those, of features where by its texts. -#}
with weights as (
    {{ learnt_weights('products', ref('matched_products__model')) }}
),

contributions as (
    {{ explain_pairs('products', ref('matched_products__comparisons')) }}
),

compared as (

    select
        contributions.left_no,
        contributions.right_no,
        contributions.comparison,
        model.label,
        round(log_match - log_chance, 2) as bits_over_chance,
        round(log_match - log_household, 2) as bits_over_household,
        model.model_version
    from contributions
    inner join {{ ref('matched_products__model') }} as model
        on contributions.comparison = model.comparison and contributions.level = model.level

),

said as (

    select * from compared
    anti join (from {{ ref('matched_products__text_explanations') }} where model_version is not null) using (left_no, right_no)
    union all by name
    select * from {{ ref('matched_products__text_explanations') }}
    union all by name
    select left_no, right_no, 'veto' as comparison, reasons as label from {{ ref('matched_products__vetoes') }}

)

select l.record_id as left_record_id, r.record_id as right_record_id, said.* exclude (left_no, right_no)
from said
inner join {{ ref('matched_products__evidence') }} as l on said.left_no = l.record_no
inner join {{ ref('matched_products__evidence') }} as r on said.right_no = r.record_no
