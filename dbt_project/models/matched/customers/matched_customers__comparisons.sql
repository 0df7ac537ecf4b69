{{ config(materialized='incremental', incremental_strategy='touched', unique_key=['left_no', 'right_no'], meta={'compared': false, 'by_place': false}) }}
{%- set blocks, evidence = ref('matched_customers__blocks'), ref('matched_customers__evidence') -%}
{%- set near, held = near_blocks(blocks), held_rules('customers', evidence, ref('matched_customers__vocabulary')) -%}
{%- set keys = touch({
    'matched_customers__evidence': 'record_no' if not held.turned else 'select record_no from {changed} union all select record_no from ' ~ evidence,
    'matched_customers__blocks': 'select record_no from {changed} union all ' ~ records_of_turned_blocks('customers', blocks, near, held.many),
}) -%}
{%- do add_near_blocks(blocks, near, keys) -%}
{%- set compared = compare_blocks('customers', pair_records('customers', near, keys, held.many, held.few), evidence, keys) -%}
{%- do meet_scores('customers', keys) -%}
{{ compared }}
