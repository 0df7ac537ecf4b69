{{ config(materialized='incremental', incremental_strategy='touched', unique_key=['left_no', 'right_no']) }}
{%- set keys = touch({
    'matched_products__evidence': 'record_no',
    'matched_products__pairs': 'select key from ' ~ touched('matched_products__pairs'),
}) -%}
{%- set pairs = narrowed(ref('matched_products__pairs'), keys, ['left_no', 'right_no']) -%}
{{ compare_pairs('products', pairs, ref('matched_products__evidence'), few=keys is not none) }}
