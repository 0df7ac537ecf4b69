{#- What our receipts say stands on each Odoo partner, as if it were a record, so that echoes are told from evidence. -#}
with written as (
    {{ written_fields({'res_partner': 'stg_odoo__partners'}) }}
),

fields as (
    {%- for side, value in published_sides().items() %}
    select
        record_id,
        '{{ side }}' as system,
        {{ latest_published(['name', 'email', 'phone', 'street', 'street2', 'city', 'zip', 'country_id', 'vat', 'lang'], value) }}
    from written
    where run_kind <> 'undo'
    group by record_id
    {%- if not loop.last %} union all{% endif %}
    {%- endfor %}
),

enveloped as (
    select
        {{ no_envelope() }},
        fields.* exclude (record_id, system) replace (
            case when system = 'assay_before' then coalesce(country_id, partners.own_country) else country_id end as country_id
        )
    from fields
    left join (select record_id as own_id, country_code as own_country from {{ ref('stg_odoo__partners') }}) as partners
        on fields.record_id = partners.own_id
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
        'country_code': 'country_id',
        'vat': 'vat',
        'language': 'lang',
    }) }}
from enveloped
