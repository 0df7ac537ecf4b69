{{ config(materialized='view') }}
{{ sample_chance('customers', ref('matched_customers__evidence')) }}
