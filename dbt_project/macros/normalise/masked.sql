{#- The first letter and how long the rest is. -#}
{% macro masked_text(value) -%}
left({{ value }}, 1) || repeat('*', length({{ value }}) - 1)
{%- endmacro %}

{#- Only the domain of the address. -#}
{% macro masked_email(value) -%}
'***@' || split_part({{ value }}, '@', 2)
{%- endmacro %}

{#- Only the last two digits. -#}
{% macro masked_phone(value) -%}
repeat('*', length({{ value }}) - 2) || right({{ value }}, 2)
{%- endmacro %}
