{#- The text of a JSON scalar: "a" is a, 1.5 is 1.5, null is null. -#}
{% macro json_scalar(value) -%}
  {{ return(adapter.dispatch('json_scalar')(value)) }}
{%- endmacro %}

{% macro default__json_scalar(value) -%}
json_extract_string({{ value }}, '$')
{%- endmacro %}

{% macro spark__json_scalar(value) -%}
get_json_object(concat('{"v":', {{ value }}, '}'), '$.v')
{%- endmacro %}
