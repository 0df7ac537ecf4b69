{{ config(materialized='view') }}
{{ sample_chance('products', ref('matched_products__evidence')) }}
