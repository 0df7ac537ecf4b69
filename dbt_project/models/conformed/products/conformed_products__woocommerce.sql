{#- A product without variations is sold itself; one with variations is only their template. -#}
with products as (
    select * from {{ ref('stg_woocommerce__products') }}
),

variants as (
    select
        variations.*,
        products.product_name as template_name,
        products.brand as template_brand,
        products.status as template_status,
        products.assay_id as template_assay_id
    from {{ ref('stg_woocommerce__variations') }} as variations
    left join products on variations.product_key = products.source_key

    union all

    select
        {{ envelope() }},
        source_key,
        product_name, status, sku, gtin, brand, option_1, option_2, weight_g, price_amount, sale_amount, sale_from_at,
        sale_to_at, tax_class, stock_quantity, stock_status, has_own_stock, is_sold_beyond_stock, assay_id,
        product_name,
        brand,
        status,
        null
    from products
    where not has_variations
)

select
    {{ conformed('products', {
        'is_active': "coalesce(template_status, 'publish') = 'publish' and status = 'publish'",
        'template_key': 'product_key',
        'sku': 'sku',
        'gtin_raw': 'gtin',
        'template_name': 'template_name',
        'brand': 'coalesce(brand, template_brand)',
        'option_1': 'option_1',
        'option_2': 'option_2',
        'weight_g': 'weight_g',
        'tax_rate': "case tax_class when 'standard' then 21 when 'reduced-rate' then 12 end",
        'published_id': 'assay_id',
        'published_template_id': 'template_assay_id',
    }) }}
from variants
