{{ config(materialized='view') }}
{{ decided('customers', ref('matched_customers'), 'customer_id', customer_traits()) }}
