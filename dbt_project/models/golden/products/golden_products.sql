{{ survivors(
    ref('golden_products__candidates'), ref('matched_products'), 'product_id', product_traits(),
    required=['template_name'],
    decided='(select golden_id as product_id, attribute, value, problem from ' ~ ref('golden_products__decided') ~ ')',
    kept=[
        'count(distinct records.variant_id) as variant_count',
        'count(*) as record_count',
        'count(distinct records.system) as system_count',
    ],
) }}
