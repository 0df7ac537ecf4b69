with variants as (
    {{ survivors(
        ref('golden_products__variant_candidates'), ref('matched_products'), 'variant_id', variant_traits(),
        required=['sku', 'gtin14', 'options', 'weight_g', 'uom'],
        decided='(select golden_id as variant_id, attribute, value, problem from ' ~ ref('golden_products__decided') ~ ')',
        kept=['min(records.product_id) as product_id', 'count(*) as record_count', 'count(distinct records.system) as system_count'],
    ) | indent(4) }}
)

select variants.*
from variants
inner join {{ ref('golden_products') }} as products on variants.product_id = products.product_id
