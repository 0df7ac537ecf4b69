{{ config(materialized='incremental', incremental_strategy='touched', unique_key=['left_no', 'right_no']) }}
{{ steward_decisions(ref('match_overrides'), ref('matched_products__evidence'), 'products') }}
