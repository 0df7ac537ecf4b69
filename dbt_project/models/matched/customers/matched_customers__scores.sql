{{ config(materialized='incremental', incremental_strategy='touched', unique_key=['left_no', 'right_no']) }}
{%- set keys = touch({'matched_customers__comparisons': 'select key from ' ~ touched('matched_customers__comparisons')}) -%}
{%- if keys is not none and is_told(this.identifier ~ '__met') -%}{%- do old_rows(keys, ['left_no', 'right_no'], met(this)) -%}{%- endif -%}
{{ score_pairs('customers', ref('matched_customers__comparisons'), ref('matched_customers__model'), keys) }}
