{{ config(materialized='incremental', incremental_strategy='touched', unique_key='record_id') }}
{%- set keys = touch_records('products') -%}
{#- Every system's variants in one shape; a GTIN counts only with a right check digit. Beside them goes what we published on
    Odoo, so that it is compared in the same form: equal is an echo, different a correction by a person. -#}
with records as (
    select * from {{ ref('conformed_products__records') }} where {{ is_touched(keys, 'record_id') }}
),

checked as (
    select records.*, {{ gtin_problem('gtin_raw') }} as gtin_problem
    from records
),

known as (
    select
        {{ restated('products', {'sku': 'upper(sku)', 'weight_g': 'nullif(weight_g, 0)'}, 'checked') }},
        gtin_problem,
        case when gtin_problem is null then lpad({{ gtin_digits('gtin_raw') }}, 14, '0') end as gtin14
    from checked
)

select
    seen.*,
    {{ echoes('seen', 'sent', 'before', catalogue_traits(), same=true) }} as echoes,
    {{ echoes('seen', 'sent', 'before', catalogue_traits(), same=false) }} as corrections
from known as seen
left join known as sent
    on sent.system = 'assay' and sent.record_id = seen.record_id
left join known as before
    on before.system = 'assay_before' and before.record_id = seen.record_id
where seen.system not like 'assay%'
