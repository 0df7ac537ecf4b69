{#- What our receipts say stands on each Odoo partner, as if it were a record, so that echoes are told from evidence. Receipts know
    countries by Odoo's ids only: a country is never told, but the partner's own says how a telephone stood there before. -#}
with written as (
    {{ written_fields({'res_partner': 'stg_odoo__partners'}) }}
),

fields as (
    {%- for side, value in published_sides().items() %}
    select
        record_id,
        '{{ side }}' as system,
        {{ latest_published(['name', 'email', 'phone', 'street', 'street2', 'city', 'zip', 'vat', 'lang'], value) }}
    from written
    where run_kind <> 'undo'
    group by record_id
    {%- if not loop.last %} union all{% endif %}
    {%- endfor %}
),

enveloped as (
    select
        fields.record_id,
        fields.system,
        fields.record_id as source_key,
        {{ no_load() }},
        fields.name,
        fields.email,
        fields.phone,
        fields.street,
        fields.street2,
        fields.city,
        fields.zip,
        fields.vat,
        fields.lang,
        case when fields.system = 'assay_before' then partners.country_code end as country_code
    from fields
    left join {{ ref('stg_odoo__partners') }} as partners on fields.record_id = partners.record_id
)

select
    {{ conformed('customers', {
        'full_name': 'name',
        'company_name': 'name',
        'email': 'email',
        'phone': 'phone',
        'street': 'street',
        'street2': 'street2',
        'city': 'city',
        'zip': 'zip',
        'country_code': 'country_code',
        'vat': 'vat',
        'language': 'lang',
    }) }}
from enveloped
