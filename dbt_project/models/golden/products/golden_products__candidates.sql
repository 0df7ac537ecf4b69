with records as (
    select * from {{ ref('matched_products') }}
)

{{ candidates('products', 'records', 'product_id', product_traits(), problems={
    'tax_rate': "when tax_rate < 0 or tax_rate > 40 then 'not a tax rate'",
}) }}
