{{ config(materialized='incremental', incremental_strategy='touched', unique_key=['rule', 'key', 'record_no'], meta={'touched_on': ['record_no'], 'records_of': 'matched_customers__evidence'}) }}
{%- set keys = touch({'matched_customers__evidence': 'record_no'}) -%}
{{ block_records('customers', ref('matched_customers__evidence'), keys) }}
