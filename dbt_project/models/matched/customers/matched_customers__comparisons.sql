{{ config(materialized='incremental', incremental_strategy='touched', unique_key=['left_no', 'right_no'], meta={'compared': false, 'by_place': false}) }}
{%- set blocks, evidence = ref('matched_customers__blocks'), ref('matched_customers__evidence') -%}
{%- set near = near_blocks(blocks) -%}
{%- set keys = touch({
    'matched_customers__evidence': 'record_no',
    'matched_customers__blocks': 'select record_no from {changed} union all ' ~ records_of_turned_blocks('customers', blocks, near),
}) -%}
{%- do add_near_blocks(blocks, near, keys) -%}
{%- set compared = compare_blocks('customers', pair_records('customers', near, keys), evidence, keys) -%}
{%- do meet_scores('customers', keys) -%}
{{ compared }}
