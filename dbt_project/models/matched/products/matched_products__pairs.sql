{{ config(materialized='incremental', incremental_strategy='touched', unique_key=['left_no', 'right_no']) }}
{%- set blocks = ref('matched_products__blocks') -%}
{%- set keys = touch({
    'matched_products__evidence': 'record_no',
    'matched_products__blocks': 'select record_no from {changed} union all ' ~ records_of_turned_blocks('products', blocks),
    'matched_products__likeness_scores': 'select unnest([left_no, right_no]) from {changed}',
}) -%}
with found as (
    {{ pair_records('products', blocks, keys) }}
),

together as (

    select left_no, right_no, rules from found
    union all
    select left_no, right_no, 0 from {{ ref('matched_products__likeness_scores') }}
    where {{ is_touched(keys, ['left_no', 'right_no']) }}

)

select left_no, right_no, bit_or(rules) as rules
from together
group by left_no, right_no
