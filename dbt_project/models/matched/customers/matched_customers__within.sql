{{ config(materialized='incremental', incremental_strategy='touched', unique_key=['left_no', 'right_no', 'component_no'], meta={'touched_on': ['component_no']}) }}
{%- set keys = touch_within('customers') -%}
{{ pairs_within(
    'customers',
    components=ref('matched_customers__components'),
    evidence=ref('matched_customers__evidence'),
    model=ref('matched_customers__model'),
    scores=ref('matched_customers__scores'),
    decisions=ref('matched_customers__decisions'),
    keys=keys,
) }}
