{{ config(materialized='incremental', incremental_strategy='touched', on_schema_change='fail', unique_key=['golden_id', 'attribute'], meta={'touched_on': ['golden_id']}) }}
{%- set keys = touch_products('golden_id') -%}
with golden as (
    select 'product' as level, product_id as golden_id from {{ ref('golden_products') }}
    union all
    select 'variant', variant_id from {{ ref('golden_products__variants') }}
),

both_levels as (
    select product_id as golden_id, trait, record_id, place, survives, rule, why, attribute_values
    from {{ narrowed(ref('golden_products__candidates'), keys, 'product_id') }}
    union all
    select variant_id, trait, record_id, place, survives, rule, why, attribute_values
    from {{ narrowed(ref('golden_products__variant_candidates'), keys, 'variant_id') }}
)

{{ provenance('both_levels', ref('matched_products'), 'golden_id', 'golden', ref('golden_products__decided'), also=['level']) }}
