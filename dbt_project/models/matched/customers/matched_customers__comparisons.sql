{{ config(materialized='incremental', incremental_strategy='touched', unique_key=['left_no', 'right_no'], meta={'compared': false}) }}
{%- set keys = touch({
    'matched_customers__evidence': 'record_no',
    'matched_customers__pairs': 'select key from ' ~ touched('matched_customers__pairs'),
}) -%}
{%- set pairs = narrowed(ref('matched_customers__pairs'), keys, ['left_no', 'right_no']) -%}
{{ compare_pairs('customers', pairs, ref('matched_customers__evidence'), few=keys is not none) }}
