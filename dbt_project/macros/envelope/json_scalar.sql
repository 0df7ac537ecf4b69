{#- The text of a JSON scalar at a path: "a" is a, 1.5 is 1.5, null is null. -#}
{% macro json_scalar(value, path='') -%}
  {{ return(adapter.dispatch('json_scalar')(value, path)) }}
{%- endmacro %}

{% macro default__json_scalar(value, path) -%}
json_extract_string({{ value }}, '${{ path }}')
{%- endmacro %}

{% macro spark__json_scalar(value, path) -%}
get_json_object(concat('{"v":', {{ value }}, '}'), '$.v{{ path }}')
{%- endmacro %}
