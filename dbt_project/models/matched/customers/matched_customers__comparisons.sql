{{ config(materialized='incremental', incremental_strategy='touched', unique_key=['left_no', 'right_no']) }}
{%- set keys = touch({
    'matched_customers__evidence': 'record_no',
    'matched_customers__pairs': 'select key from ' ~ touched('matched_customers__pairs'),
}) -%}
{{ compare_pairs('customers', ref('matched_customers__pairs'), ref('matched_customers__evidence'), keys=keys) }}
