{{ config(materialized='incremental', incremental_strategy='touched', unique_key=['left_no', 'right_no']) }}
{%- set blocks, evidence = ref('matched_products__blocks'), ref('matched_products__evidence') -%}
{%- set near = near_blocks(blocks) -%}
{%- set keys = touch({
    'matched_products__evidence': 'record_no',
    'matched_products__blocks': 'select record_no from {changed} union all ' ~ records_of_turned_blocks('products', blocks, near),
    'matched_products__likeness_scores': 'select unnest([left_no, right_no]) from {changed}',
    'matched_products__offer_scores': 'select unnest([left_no, right_no]) from {changed}',
}) -%}
{%- do add_near_blocks(blocks, near, keys) -%}
{%- set pairs -%}
{{ pair_records('products', near, keys) }}
union
select left_no, right_no from {{ ref('matched_products__likeness_scores') }}
where {{ is_touched(keys, ['left_no', 'right_no']) }}
union
select left_no, right_no from {{ ref('matched_products__offer_scores') }}
where {{ is_touched(keys, ['left_no', 'right_no']) }}
{%- endset -%}
{{ compare_blocks('products', pairs, evidence, keys) }}
