{{ config(materialized='incremental', incremental_strategy='touched', unique_key=['rule', 'key', 'record_no'], meta={'touched_on': ['record_no']}) }}
{%- set keys = touch({'matched_products__evidence': 'record_no'}) -%}
{{ block_records('products', ref('matched_products__evidence'), keys) }}
