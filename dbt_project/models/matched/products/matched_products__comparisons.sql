{{ config(materialized='incremental', incremental_strategy='touched', unique_key=['left_no', 'right_no']) }}
{%- set keys = touch({
    'matched_products__evidence': 'record_no',
    'matched_products__pairs': 'select key from ' ~ touched('matched_products__pairs'),
}) -%}
{{ compare_pairs('products', ref('matched_products__pairs'), ref('matched_products__evidence'), keys=keys) }}
