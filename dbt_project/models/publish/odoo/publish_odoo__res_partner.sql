{{ config(materialized='incremental', incremental_strategy='touched', on_schema_change='fail', unique_key='golden_id') }}
{%- set keys = touch_customers() -%}
{#- Odoo has one telephone: the mobile number stands in where there is no other. -#}
with binding as (
    {{ odoo_binding(narrowed(ref('golden_customers__members'), keys, 'customer_id'), 'customer_id') }}
),

basis as (
    {{ rests_on(narrowed(ref('golden_customers__provenance'), keys, 'customer_id'), 'customer_id', [
        'kind', 'full_name', 'company_name', 'email', 'phone', 'mobile', 'street', 'street2', 'city', 'zip', 'country_code', 'vat',
        'language',
    ], but="(attribute <> 'mobile' or customer_id in (select customer_id from " ~ ref('golden_customers') ~ " where phone is null))") }}
),

payload as (
    select
        golden.customer_id as golden_id,
        binding.odoo_id,
        binding.odoo_ids,
        basis.units,
        basis.record_ids,
        case when golden.kind = 'company' then coalesce(golden.company_name, golden.full_name)
            else coalesce(golden.full_name, golden.company_name) end as name,
        golden.kind = 'company' as is_company,
        golden.email,
        coalesce(golden.phone, golden.mobile) as phone,
        golden.street,
        golden.street2,
        golden.city,
        golden.zip,
        golden.country_code as country_id,
        golden.vat,
        languages.odoo_language as lang
    from {{ narrowed(ref('golden_customers'), keys, 'customer_id') }} as golden
    inner join basis on golden.customer_id = basis.golden_id
    left join binding on golden.customer_id = binding.golden_id
    left join {{ ref('languages') }} as languages on golden.language = languages.language
)

select
    {{ odoo_payload(['name', 'is_company', 'email', 'phone', 'street', 'street2', 'city', 'zip', 'country_id', 'vat', 'lang']) }}
from payload
