{#- Trimmed, inner white space single, empty is null. Control characters, which a terminal obeys and PostgreSQL refuses, marks
    that turn the direction of what follows and the mark that begins a file are white space too. -#}
{% macro clean_text(value) -%}
nullif(trim({{ replace_all(value, '[\s\p{Z}\p{Cc}\\x{202a}-\\x{202e}\\x{2066}-\\x{2069}\\x{feff}]+', ' ') }}), '')
{%- endmacro %}

{#- Odoo says false where a text is empty. -#}
{% macro odoo_text(value) -%}
{{ clean_text("nullif(" ~ value ~ ", 'false')") }}
{%- endmacro %}
