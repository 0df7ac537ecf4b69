with golden as (
    select 'product' as level, product_id as golden_id from {{ ref('golden_products') }}
    union all
    select 'variant', variant_id from {{ ref('golden_products__variants') }}
),

both_levels as (
    select product_id as golden_id, trait, record_id, place, survives, rule, why, attribute_values
    from {{ ref('golden_products__candidates') }}
    union all
    select variant_id, trait, record_id, place, survives, rule, why, attribute_values
    from {{ ref('golden_products__variant_candidates') }}
)

{{ provenance('both_levels', ref('matched_products'), 'golden_id', 'golden', ref('golden_products__decided'), also=['level']) }}
