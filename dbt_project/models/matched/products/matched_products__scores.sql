{{ config(materialized='incremental', incremental_strategy='touched', unique_key=['left_no', 'right_no']) }}
{%- set keys = touch({
    'matched_products__comparisons': 'select key from ' ~ touched('matched_products__comparisons'),
    'matched_products__likeness_scores': 'select unnest([left_no, right_no]) from {changed}',
    'matched_products__offer_scores': 'select unnest([left_no, right_no]) from {changed}',
    'matched_products__vetoes': 'select unnest([left_no, right_no]) from {changed}',
}) -%}
{#- Look-alikes are judged by their texts, options and weights, all others by what they share of numbers, names and options.
    What a veto holds back is not linked, whatever its bits. -#}
with compared as (
    {{ score_pairs('products', ref('matched_products__comparisons'), ref('matched_products__model'), keys) }}
)

select
    compared.* exclude (bits),
    case
        when vetoes.left_no is not null then least(compared.bits, {{ declared('products', 'cluster.veto_bits') }})
        else coalesce(likeness.bits, offers.bits, compared.bits)
    end as bits
from compared
left join {{ ref('matched_products__likeness_scores') }} as likeness using (left_no, right_no)
left join {{ ref('matched_products__offer_scores') }} as offers using (left_no, right_no)
left join {{ ref('matched_products__vetoes') }} as vetoes using (left_no, right_no)
