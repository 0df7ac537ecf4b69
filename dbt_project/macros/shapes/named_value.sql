{#- A field, `value` if no other is asked for, of the first entry of that name in a list of structs. -#}
{% macro named_value(list, field, name, asked='value') -%}
  {{ return(adapter.dispatch('named_value')(list, field, name, asked)) }}
{%- endmacro %}

{% macro default__named_value(list, field, name, asked) -%}
list_filter({{ list }}, lambda entry: entry.{{ field }} = '{{ name }}')[1].{{ asked }}
{%- endmacro %}

{% macro spark__named_value(list, field, name, asked) -%}
try_element_at(filter({{ list }}, entry -> entry.{{ field }} = '{{ name }}'), 1).{{ asked }}
{%- endmacro %}
