{{ config(materialized='incremental', incremental_strategy='touched', on_schema_change='fail', unique_key=['customer_id', 'trait', 'record_id'], meta={'touched_on': ['customer_id'], 'compared': false}) }}
{%- set keys = touch_customers() -%}
with records as (
    select
        matched.*,
        shared_email.value is not null as is_shared_email,
        shared_phone.value is not null as is_shared_phone,
        shared_mobile.value is not null as is_shared_mobile,
        shared_birth.value is not null as is_shared_birth
    from {{ ref('matched_customers') }} as matched
    {%- for alias, attribute, value in [
        ('shared_email', 'email', 'matched.email'),
        ('shared_phone', 'phone', 'right(matched.phone, 9)'),
        ('shared_mobile', 'phone', 'right(matched.mobile, 9)'),
        ('shared_birth', 'birth_on', 'cast(matched.birth_on as varchar)'),
    ] %}
    left join {{ ref('matched_customers__placeholders') }} as {{ alias }}
        on {{ alias }}.attribute = '{{ attribute }}' and {{ alias }}.value = {{ value }}
    {%- endfor %}
    where {{ is_touched(keys, 'matched.customer_id') }}
)

{{ candidates('customers', 'records', 'customer_id', customer_traits(), problems={
    'email': "when is_shared_email then 'shared by unrelated people' when not " ~ is_email('email') ~ " then 'not an e-mail address'",
    'phone': "when is_shared_phone then 'shared by unrelated people' when not " ~ is_phone('phone') ~ " then 'not a telephone number'",
    'mobile': "when is_shared_mobile then 'shared by unrelated people' when not " ~ is_phone('mobile') ~ " then 'not a telephone number'",
    'birth_on': "when is_shared_birth then 'shared by too many'"
        ~ " when birth_on < date '1900-01-02' or birth_on > cast(event_at as date) then 'not a plausible date of birth'",
    'vat': "when length(vat) < 8 then 'too short for a VAT number'",
    'address': "when street is null or coalesce(city, zip) is null then 'incomplete: a street and a city or postal code make an address'",
}) }}
