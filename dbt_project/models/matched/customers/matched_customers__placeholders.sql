{{ config(materialized='incremental', incremental_strategy='touched', unique_key=['attribute', 'value'], meta={'touched_on': ['value']}) }}
{%- set said = 'select unnest([email, phone, mobile, cast(birth_on as varchar)]) from ' -%}
{%- set keys = touch({
    'matched_customers__normalised': said ~ made_rows('matched_customers__normalised') ~ ' semi join {changed} using (record_id) union all '
        ~ said ~ 'changed.matched_customers__normalised__before',
}) -%}
{#- Values that stand for nobody in particular: declared ones, and those that unrelated surnames were found to share. -#}
with declared as (

    select kind, part, value from {{ ref('conformed_customers__placeholders') }}

),

uses as (

    {%- for attribute, value in [('email', 'email'), ('phone', 'phone'), ('phone', 'mobile')] %}
    select '{{ attribute }}' as attribute, {{ value }} as value from {{ ref('matched_customers__normalised') }}
    where {{ is_touched(keys, value) }}
    union
    {%- endfor %}
    select 'birth_on', cast(birth_on as varchar) from {{ ref('matched_customers__normalised') }}
    where {{ is_touched(keys, 'cast(birth_on as varchar)') }} and cast(birth_on as varchar) in (select value from declared where kind = 'birth_on')

),

learnt as (

    select detail as attribute, value from {{ ref('matched_customers__vocabulary') }} where kind = 'shared' and {{ is_touched(keys, 'value') }}

)

select
    attribute,
    value,
    case when attribute = 'birth_on' then 'more common than any birthday is' else 'shared by unrelated surnames' end as reason
from learnt

union all

select
    attribute,
    value,
    'declared' as reason
from uses
anti join learnt using (attribute, value)
where
    attribute = 'birth_on'
    or (attribute = 'phone' and value in (select value from declared where kind = 'phone'))
    or (
        attribute = 'email'
        and (
            value in (select value from declared where kind = 'email' and part = 'value')
            or split_part(value, '@', 1) in (select value from declared where kind = 'email' and part = 'user')
            or split_part(value, '@', 1) in ('{{ declared('customers', 'placeholders.email_users') | join("', '") }}')
            or regexp_matches(split_part(value, '@', 2), '{{ declared('customers', 'placeholders.email_domains') }}')
        )
    )
    or (
        attribute = 'phone'
        and (
            replace(value, left(value, 1), '') = ''
            or '0123456789012345678' like '%' || value || '%'
            or '9876543210987654321' like '%' || value || '%'
        )
    )
