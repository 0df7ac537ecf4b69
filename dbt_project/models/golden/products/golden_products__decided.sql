{{ config(materialized='view') }}
with products as (
    {{ decided('products', ref('matched_products'), 'product_id', product_traits()) | indent(4) }}
),

variants as (
    {{ decided('variants', ref('matched_products'), 'variant_id', variant_traits()) | indent(4) }}
)

select 'product' as level, product_id as golden_id, * exclude (product_id) from products
union all
select 'variant' as level, variant_id as golden_id, * exclude (variant_id) from variants
