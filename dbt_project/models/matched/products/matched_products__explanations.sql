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

of_texts as (

    select left_no, right_no, comparison, label, bits_over_chance, cast(null as double) as bits_over_household, model_version
    from {{ ref('matched_products__text_explanations') }}

),

said as (

    select left_no, right_no, comparison, label, bits_over_chance, bits_over_household, model_version
    from compared
    anti join (select left_no, right_no from of_texts where model_version is not null) as by_texts using (left_no, right_no)
    union all
    select left_no, right_no, comparison, label, bits_over_chance, bits_over_household, model_version from of_texts
    union all
    select left_no, right_no, 'veto', reasons, null, null, null from {{ ref('matched_products__vetoes') }}

)

select
    l.record_id as left_record_id,
    r.record_id as right_record_id,
    said.comparison,
    said.label,
    said.bits_over_chance,
    said.bits_over_household,
    said.model_version
from said
inner join {{ ref('matched_products__evidence') }} as l on said.left_no = l.record_no
inner join {{ ref('matched_products__evidence') }} as r on said.right_no = r.record_no
