{{ config(materialized='incremental', incremental_strategy='touched', unique_key=['left_no', 'right_no']) }}
{%- set keys = touch({'matched_customers__comparisons': 'select key from ' ~ touched('matched_customers__comparisons')}) -%}
{%- do meet_scores('customers', keys) -%}
{{ score_pairs('customers', ref('matched_customers__comparisons'), ref('matched_customers__model'), keys) }}
