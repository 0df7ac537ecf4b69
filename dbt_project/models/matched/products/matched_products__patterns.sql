{{ config(materialized='view') }}
{{ count_patterns('products', ref('matched_products__comparisons')) }}
