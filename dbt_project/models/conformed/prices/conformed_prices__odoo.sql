{#- Odoo's last second is ours plus one: windows end exclusively. What ends is a promotion, what stays is the regular price. -#}
with items as (
    select
        items.*,
        coalesce(mastered.price_list, lists.pricelist_name) as price_list,
        coalesce(lists.currency, mastered.currency) as currency,
        mastered.tax_basis,
        mastered.tax_rate
    from {{ ref('stg_odoo__pricelist_items') }} as items
    left join {{ ref('stg_odoo__pricelists') }} as lists on items.pricelist_key = lists.source_key
    left join {{ ref('price_lists') }} as mastered on lists.pricelist_name = mastered.odoo_pricelist
)

select
    {{ conformed('prices', {
        'product_record_id': "case when applied_on = '0_product_variant' then 'odoo:' || variant_key end",
        'price_list': 'price_list',
        'currency': 'currency',
        'amount': "case when compute_price = 'fixed' then fixed_amount end",
        'tax_basis': 'tax_basis',
        'tax_rate': 'tax_rate',
        'min_quantity': 'greatest(min_quantity, 1)',
        'valid_from_at': 'starts_at',
        'valid_to_at': "last_second_at + interval '1 second'",
        'kind': "case when last_second_at is null then 'regular' else 'promotion' end",
        'odoo_pricelist_id': 'cast(pricelist_key as bigint)',
        'published_id': 'assay_id',
    }) }}
from items
