{{ config(materialized='incremental', incremental_strategy='touched', unique_key=['left_no', 'right_no', 'component_no'], meta={'touched_on': ['component_no']}) }}
{%- set keys = touch_within('products') -%}
{{ pairs_within(
    'products',
    components=ref('matched_products__components'),
    evidence=ref('matched_products__evidence'),
    model=ref('matched_products__model'),
    scores=ref('matched_products__scores'),
    decisions=ref('matched_products__decisions'),
    keys=keys,
    alike=resembling_within('unscored'),
) }}
