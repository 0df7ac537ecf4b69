{#- What our receipts say stands on each Odoo variant and its template, as if it were a record, so that echoes are told from
    evidence. -#}
with written as (
    {{ written_fields({
        'product_product': 'stg_odoo__product_variants', 'product_template': 'stg_odoo__product_templates',
    }) }}
),

receipts as (
    select record_id, object || '.' || field as field, own_value, after_value
    from written
    where run_kind <> 'undo'
),

of_variants as (
    select variants.record_id, receipts.field, receipts.own_value, receipts.after_value
    from {{ ref('stg_odoo__product_variants') }} as variants
    inner join receipts on receipts.record_id = variants.record_id and receipts.field like 'product_product.%'
    union all
    select variants.record_id, receipts.field, receipts.own_value, receipts.after_value
    from {{ ref('stg_odoo__product_variants') }} as variants
    inner join receipts on receipts.record_id = 'odoo:' || variants.template_key and receipts.field = 'product_template.name'
),

fields as (
    {%- for side, value in published_sides().items() %}
    select
        record_id,
        '{{ side }}' as system,
        max(case when field = 'product_template.name' then {{ value }} end) as name,
        max(case when field = 'product_product.default_code' then {{ value }} end) as default_code,
        max(case when field = 'product_product.barcode' then {{ value }} end) as barcode,
        max(case when field = 'product_product.weight' then cast({{ value }} as double) end) as weight
    from of_variants
    group by record_id
    {%- if not loop.last %} union all{% endif %}
    {%- endfor %}
),

enveloped as (
    select {{ no_envelope() }}, name, default_code, barcode, weight from fields
)

select
    {{ conformed('products', {
        'is_active': 'true',
        'sku': 'default_code',
        'gtin_raw': 'barcode',
        'template_name': 'name',
        'weight_g': grams('weight', "'KILOGRAMS'"),
    }) }}
from enveloped
