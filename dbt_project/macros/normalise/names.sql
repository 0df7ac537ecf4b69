{#- "Novák, Jan" the way it is spoken: Jan Novák. -#}
{% macro natural_name(value) -%}
case
    when {{ value }} like '%,%' then trim(split_part({{ value }}, ',', 2)) || ' ' || trim(split_part({{ value }}, ',', 1))
    else {{ value }}
end
{%- endmacro %}

{#- First and last name as one; null if there is neither. -#}
{% macro full_name(first_name, last_name) -%}
nullif(trim(coalesce({{ first_name }}, '') || ' ' || coalesce({{ last_name }}, '')), '')
{%- endmacro %}
