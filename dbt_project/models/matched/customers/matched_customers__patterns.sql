{{ config(materialized='view') }}
{{ count_patterns('customers', ref('matched_customers__comparisons')) }}
