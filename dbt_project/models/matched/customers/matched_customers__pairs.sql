{{ config(materialized='incremental', incremental_strategy='touched', unique_key=['left_no', 'right_no']) }}
{%- set blocks = ref('matched_customers__blocks') -%}
{%- set keys = touch({
    'matched_customers__evidence': 'record_no',
    'matched_customers__blocks': 'select record_no from {changed} union all ' ~ records_of_turned_blocks('customers', blocks),
}) -%}
{{ pair_records('customers', blocks, keys) }}
