{#- The value of the first entry of that name in a list of structs with a name and a `value`. -#}
{% macro named_value(list, field, name) -%}
  {{ return(adapter.dispatch('named_value')(list, field, name)) }}
{%- endmacro %}

{% macro default__named_value(list, field, name) -%}
list_filter({{ list }}, lambda entry: entry.{{ field }} = '{{ name }}')[1].value
{%- endmacro %}

{% macro spark__named_value(list, field, name) -%}
try_element_at(filter({{ list }}, entry -> entry.{{ field }} = '{{ name }}'), 1).value
{%- endmacro %}
