{{ config(materialized='incremental', incremental_strategy='touched', unique_key=['rule', 'key', 'record_no'], meta={'touched_on': ['record_no'], 'records_of': 'matched_customers__evidence'}) }}
{%- set evidence = ref('matched_customers__evidence') -%}
{%- set held = held_rules('customers', evidence, ref('matched_customers__vocabulary')) -%}
{%- set keys = touch({
    'matched_customers__evidence': 'record_no' if not held.turned else 'select record_no from {changed} union all select record_no from ' ~ evidence,
}) -%}
{{ block_records('customers', evidence, keys, held.few) }}
