{{ config(materialized='incremental', incremental_strategy='touched', unique_key='record_id') }}
{%- set keys = touch_records('customers') -%}
{#- Every system's customers in one shape, each value by one rule; what stands for nobody is null. Beside them goes what we
    published on Odoo, so that it is compared in the same form: equal is an echo, different a correction by a person. -#}
with records as (
    select
        {{ restated('customers', {
            'full_name': mended_text('full_name'),
            'first_name': mended_text('first_name'),
            'last_name': mended_text('last_name'),
            'company_name': mended_text('company_name'),
            'email': mended_text('email'),
            'phone': written_number('phone'),
            'mobile': written_number('mobile'),
            'street': mended_text('street'),
            'street2': mended_text('street2'),
            'city': mended_text('city'),
            'zip': half_width('zip'),
        }, 'given') }}
    from {{ ref('conformed_customers__records') }} as given
    where {{ is_touched(keys, 'record_id') }}
),

spelt as (
    select
        {{ restated('customers', {
            'full_name': natural_name('full_name'),
            'email': email_address('email'),
            'phone': phone_number('phone', 'plans'),
            'mobile': phone_number('mobile', 'plans'),
            'zip': 'upper(zip)',
            'country_code': 'upper(records.country_code)',
            'vat': "upper(" ~ replace_all('vat', '[^A-Za-z0-9]', '') ~ ")",
            'loyalty_code': 'upper(loyalty_code)',
            'language': 'lower(left(language, 2))',
        }, 'records') }}
    from records
    left join {{ ref('calling_codes') }} as plans
        on plans.country_code = coalesce(upper(records.country_code), '{{ var("home_country") }}')
),

known as (
    select
        {{ restated('customers', {
            'full_name': "case when bad_name.value is null then coalesce(full_name, " ~ natural_name(full_name('first_name', 'last_name')) ~ ") end",
            'email': 'case when bad_user.value is null and bad_email.value is null then email end',
            'phone': 'case when bad_phone.value is null then phone end',
            'mobile': 'case when bad_mobile.value is null then mobile end',
            'birth_on': 'case when bad_birth.value is null then birth_on end',
        }, 'spelt') }}
    from spelt
    {%- for alias, kind, part, value in [
        ('bad_user', 'email', 'user', "split_part(spelt.email, '@', 1)"),
        ('bad_email', 'email', 'value', 'spelt.email'),
        ('bad_phone', 'phone', 'digits', 'right(spelt.phone, 9)'),
        ('bad_mobile', 'phone', 'digits', 'right(spelt.mobile, 9)'),
        ('bad_birth', 'birth_on', 'value', 'cast(spelt.birth_on as varchar)'),
        ('bad_name', 'name', 'value', "lower(coalesce(spelt.full_name, " ~ full_name('spelt.first_name', 'spelt.last_name') ~ "))"),
    ] %}
    left join {{ ref('conformed_customers__placeholders') }} as {{ alias }}
        on {{ alias }}.kind = '{{ kind }}' and {{ alias }}.part = '{{ part }}' and {{ alias }}.value = {{ value }}
    {%- endfor %}
)

select
    seen.*,
    {{ echoes('seen', 'sent', 'before', customer_traits(), same=true) }} as echoes,
    {{ echoes('seen', 'sent', 'before', customer_traits(), same=false) }} as corrections
from known as seen
left join known as sent
    on sent.system = 'assay' and sent.record_id = seen.record_id
left join known as before
    on before.system = 'assay_before' and before.record_id = seen.record_id
where seen.system not like 'assay%'
