{#- Trimmed, inner white space single, empty is null. -#}
{% macro clean_text(value) -%}
nullif(trim({{ replace_all(value, '\s+', ' ') }}), '')
{%- endmacro %}

{#- Odoo says false where a text is empty. -#}
{% macro odoo_text(value) -%}
{{ clean_text("nullif(" ~ value ~ ", 'false')") }}
{%- endmacro %}
