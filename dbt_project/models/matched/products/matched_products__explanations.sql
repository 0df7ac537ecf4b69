{{ config(materialized='view') }}
{#- The waterfall behind each score: of comparisons where a pair was judged by those, of features where by its texts. -#}
{%- set features = declared('products', 'likeness.features') | map(attribute='name') | list + ['least_lead', 'most_lead'] -%}
with weights as (
    {{ learnt_weights('products', ref('matched_products__model')) }}
),

contributions as (
    {{ explain_pairs('products', ref('matched_products__comparisons')) }}
),

compared as (

    select
        l.record_id as left_record_id,
        r.record_id as right_record_id,
        contributions.comparison,
        model.label,
        round(log_match - log_chance, 2) as bits_over_chance,
        round(log_match - log_household, 2) as bits_over_household,
        model.model_version
    from contributions
    inner join {{ ref('matched_products__model') }} as model
        on contributions.comparison = model.comparison and contributions.level = model.level
    inner join {{ ref('matched_products__evidence') }} as l on contributions.left_no = l.record_no
    inner join {{ ref('matched_products__evidence') }} as r on contributions.right_no = r.record_no

),

said as (

    {%- for name in features + ['constant', 'cut'] %}
    select left_no, right_no, '{{ name }}' as feature, {{ {'constant': '1', 'cut': '-1'}.get(name, name) }} as value
    from {{ ref('matched_products__likeness_scores') }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

texts as (

    select
        l.record_id as left_record_id,
        r.record_id as right_record_id,
        said.feature as comparison,
        cast(round(said.value, 3) as varchar) as label,
        round(said.value * model.weight, 2) as bits_over_chance,
        cast(null as double) as bits_over_household,
        model.model_version
    from said
    inner join {{ ref('matched_products__likeness_model') }} as model on said.feature = model.feature
    inner join {{ ref('matched_products__evidence') }} as l on said.left_no = l.record_no
    inner join {{ ref('matched_products__evidence') }} as r on said.right_no = r.record_no
    where said.value * model.weight <> 0

)

select * from compared
anti join texts using (left_record_id, right_record_id)
union all
select * from texts
union all
select
    l.record_id,
    r.record_id,
    case when likeness_bits is null then 'shared partner' else 'beside' end,
    case when likeness_bits is null then 'both are linked with one record' else 'that system lists articles several times' end,
    coalesce(beside_bits, bits),
    null,
    null
from {{ ref('matched_products__likeness_scores') }} as scores
inner join {{ ref('matched_products__evidence') }} as l on scores.left_no = l.record_no
inner join {{ ref('matched_products__evidence') }} as r on scores.right_no = r.record_no
where likeness_bits is null or beside_bits is not null
union all
select l.record_id, r.record_id, 'veto', vetoes.reasons, null, null, null
from {{ ref('matched_products__vetoes') }} as vetoes
inner join {{ ref('matched_products__evidence') }} as l on vetoes.left_no = l.record_no
inner join {{ ref('matched_products__evidence') }} as r on vetoes.right_no = r.record_no
