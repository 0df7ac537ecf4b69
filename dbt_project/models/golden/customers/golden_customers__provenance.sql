{{ config(materialized='incremental', incremental_strategy='touched', on_schema_change='fail', unique_key=['customer_id', 'attribute'], meta={'touched_on': ['customer_id'], 'compared': false}) }}
{%- set keys = touch_customers() -%}
with golden as (
    select customer_id from {{ ref('golden_customers') }} where {{ is_touched(keys, 'customer_id') }}
)

{{ provenance(
    narrowed(ref('golden_customers__candidates'), keys, 'customer_id'),
    narrowed(ref('matched_customers'), keys, 'customer_id'), 'customer_id', 'golden',
    ref('golden_customers__decided'),
) }}
