{{ config(materialized='view') }}
{#- What each feature of a pair that its texts judge says; and without a version of the weights, what comes on top of them. -#}
{%- set features = declared('products', 'likeness.features') | map(attribute='name') | list -%}
{%- set of_lookalikes = features + ['least_lead', 'most_lead', 'constant', 'cut'] -%}
with said as (

    {%- for part, scores, names in [
        ('likeness', ref('matched_products__likeness_scores'), of_lookalikes),
        ('offer', ref('matched_products__offer_scores'), features + ['constant']),
    ] %}
    {%- set outer = loop %}
    {%- for name in names %}
    select left_no, right_no, '{{ part }}' as part, '{{ name }}' as feature, {{ {'constant': '1', 'cut': '-1'}.get(name, name) }} as value
    from {{ scores }}
    {{ 'union all' if not (loop.last and outer.last) }}
    {%- endfor %}
    {%- endfor %}

),

weights as (

    select 'likeness' as part, feature, weight, model_version from {{ ref('matched_products__likeness_model') }}
    union all
    select 'offer', feature, weight, model_version from {{ ref('matched_products__offer_model') }}

)

select
    said.left_no,
    said.right_no,
    said.feature as comparison,
    cast(round(said.value, 3) as varchar) as label,
    round(said.value * weights.weight, 2) as bits_over_chance,
    weights.model_version
from said
inner join weights on said.part = weights.part and said.feature = weights.feature
where said.value * weights.weight <> 0

union all

select
    left_no,
    right_no,
    case when likeness_bits is null then 'shared partner' else 'beside' end,
    case when likeness_bits is null then 'both are linked with one record' else 'that system lists articles several times' end,
    coalesce(beside_bits, bits),
    null
from {{ ref('matched_products__likeness_scores') }}
where likeness_bits is null or beside_bits is not null
