{{ config(materialized='incremental', incremental_strategy='touched', unique_key=['left_no', 'right_no', 'component_no'], meta={'touched_on': ['component_no']}) }}
{%- set of_pairs = 'select component_no from {changed} inner join ' ~ ref('matched_customers__components') ~ ' on left_no = record_no' -%}
{%- set keys = touch({
    'matched_customers__components': 'component_no',
    'matched_customers__evidence': 'select component_no from {changed} inner join ' ~ ref('matched_customers__components') ~ ' using (record_no)',
    'matched_customers__pairs': of_pairs,
    'matched_customers__scores': of_pairs,
    'matched_customers__decisions': of_pairs,
}) -%}
{{ pairs_within(
    'customers',
    components=ref('matched_customers__components'),
    pairs=ref('matched_customers__pairs'),
    evidence=ref('matched_customers__evidence'),
    model=ref('matched_customers__model'),
    scores=ref('matched_customers__scores'),
    decisions=ref('matched_customers__decisions'),
    keys=keys,
) }}
