{{ config(materialized='incremental', incremental_strategy='touched', unique_key=['attribute', 'value'], meta={'touched_on': ['value']}) }}
{%- set records, made = ref('matched_customers__normalised'), made_rows('matched_customers__normalised') -%}
{%- set said = 'select unnest([email, phone, mobile, cast(birth_on as varchar)]) from ' -%}
{%- set listed = '(select value from ' ~ ref('conformed_customers__placeholders') ~ ' where kind = ' -%}
{%- set stands_for_nobody = {
    'birth_on': 'value in ' ~ listed ~ "'birth_on')",
    'phone': 'value in ' ~ listed ~ "'phone') or replace(value, left(value, 1), '') = ''"
        ~ " or '0123456789012345678' like '%' || value || '%' or '9876543210987654321' like '%' || value || '%'",
    'email': 'value in ' ~ listed ~ "'email' and part = 'value')"
        ~ " or split_part(value, '@', 1) in " ~ listed ~ "'email' and part = 'user')"
        ~ " or split_part(value, '@', 1) in ('" ~ declared('customers', 'placeholders.email_users') | join("', '") ~ "')"
        ~ " or regexp_matches(split_part(value, '@', 2), '" ~ declared('customers', 'placeholders.email_domains') ~ "')",
} -%}
{#- What records say now is used; what they said before may be used by others. -#}
{%- set keys = touch({
    'matched_customers__normalised': 'select value from ('
        ~ said ~ made ~ ' semi join {changed} using (record_id) union all ' ~ said ~ 'changed.matched_customers__normalised__before'
        ~ ') as said (value) where ' ~ stands_for_nobody.values() | join(' or '),
}) -%}
{%- set sources = [(records, keys)] -%}
{%- if keys is not none and is_told('matched_customers__normalised__made') -%}
  {%- set sources = [(made, keys), (records, '(from ' ~ keys ~ ' where key not in (select value from (' ~ said ~ made ~ ') as said (value) where value is not null))')] -%}
{%- endif -%}
{#- Values that stand for nobody in particular: declared ones, and those that unrelated surnames were found to share. -#}
with uses as (

    select distinct attribute, value
    from (
        {%- for attribute, value in [('email', 'email'), ('phone', 'phone'), ('phone', 'mobile'), ('birth_on', 'cast(birth_on as varchar)')] %}
        {%- set last = loop.last %}
        {%- for rows, sought in sources %}
        select '{{ attribute }}' as attribute, {{ value }} as value from {{ rows }}
        where {{ is_touched(sought, value) }}{% if attribute == 'birth_on' %} and {{ value }} in {{ listed }}'birth_on'){% endif %}
        {{ 'union all' if not (last and loop.last) }}
        {%- endfor %}
        {%- endfor %}
    )

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
    {%- for attribute, condition in stands_for_nobody.items() %}
    (attribute = '{{ attribute }}' and ({{ condition }})){{ ' or' if not loop.last }}
    {%- endfor %}
