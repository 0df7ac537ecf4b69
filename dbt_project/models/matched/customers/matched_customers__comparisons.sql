{{ config(materialized='incremental', incremental_strategy='touched', unique_key=['left_no', 'right_no'], meta={'compared': false, 'by_place': false}) }}
{%- set blocks, evidence = ref('matched_customers__blocks'), ref('matched_customers__evidence') -%}
{%- set near, many = near_blocks(blocks), are_many('customers', evidence) -%}
{%- set keys = touch({
    'matched_customers__evidence': 'record_no' if many.now == many.before else 'select record_no from {changed} union all select record_no from ' ~ evidence,
    'matched_customers__blocks': 'select record_no from {changed} union all ' ~ records_of_turned_blocks('customers', blocks, near, many.now),
}) -%}
{%- do add_near_blocks(blocks, near, keys) -%}
{%- set compared = compare_blocks('customers', pair_records('customers', near, keys, many.now), evidence, keys) -%}
{%- do meet_scores('customers', keys) -%}
{{ compared }}
