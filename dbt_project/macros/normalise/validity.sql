{#- Whether a text in normal form can be an e-mail address. -#}
{% macro is_email(value) -%}
{{ matches(value, '^[^@\s,;]+@[a-z0-9.-]+\.[a-z]{2,}$') }}
{%- endmacro %}

{#- Whether a text in normal form can be an international telephone number. -#}
{% macro is_phone(value) -%}
{{ matches(value, '^\+[1-9][0-9]{7,14}$') }}
{%- endmacro %}
