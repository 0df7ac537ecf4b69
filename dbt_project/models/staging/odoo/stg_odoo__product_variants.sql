with versions as (
    {{ latest_per_key(source('odoo', 'product_variants')) }}
),

parsed as (
    select
        *,
        {{ from_payload({
            'product_tmpl_id': 'JSON', 'display_name': 'VARCHAR', 'default_code': 'VARCHAR', 'barcode': 'VARCHAR', 'weight': 'DOUBLE', 'active': 'BOOLEAN',
            'product_template_attribute_value_ids': ['BIGINT'], 'x_assay_id': 'VARCHAR',
        }) }} as payload
    from versions
)

select
    {{ envelope() }},
    {{ odoo_id('payload.product_tmpl_id') }} as template_key,
    {{ odoo_text('payload.default_code') }} as default_code,
    {{ odoo_text('payload.barcode') }} as barcode,
    case
        when {{ list_length('payload.product_template_attribute_value_ids') }} > 0
            then {{ clean_text("regexp_extract(payload.display_name, '\(([^()]*)\)$', 1)") }}
    end as option_names,
    {{ grams('payload.weight', "'KILOGRAMS'") }} as weight_g,
    payload.active as is_active,
    {{ odoo_text('payload.x_assay_id') }} as assay_id
from parsed
