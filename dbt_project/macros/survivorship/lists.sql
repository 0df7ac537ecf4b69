{#- Whether a list of names holds one. -#}
{% macro list_has(list, name) -%}
  {{ return(adapter.dispatch('list_has')(list, name)) }}
{%- endmacro %}

{% macro default__list_has(list, name) -%}
list_contains({{ list }}, '{{ name }}')
{%- endmacro %}

{% macro spark__list_has(list, name) -%}
array_contains({{ list }}, '{{ name }}')
{%- endmacro %}

{#- The attributes of a trait with their values as text, as a list of structs. -#}
{% macro attribute_list(attributes) -%}
  {{ return(adapter.dispatch('attribute_list')(attributes)) }}
{%- endmacro %}

{% macro default__attribute_list(attributes) -%}
[{% for attribute in attributes %}struct_pack(attribute := '{{ attribute }}', value := cast({{ attribute }} as varchar)){{ ', ' if not loop.last }}{% endfor %}]
{%- endmacro %}

{% macro spark__attribute_list(attributes) -%}
array({% for attribute in attributes %}named_struct('attribute', '{{ attribute }}', 'value', cast({{ attribute }} as string)){{ ', ' if not loop.last }}{% endfor %})
{%- endmacro %}


{#- One row per element of a list. -#}
{% macro unpacked(list) -%}
  {{ return(adapter.dispatch('unpacked')(list)) }}
{%- endmacro %}

{% macro default__unpacked(list) -%}
unnest({{ list }})
{%- endmacro %}

{% macro spark__unpacked(list) -%}
explode({{ list }})
{%- endmacro %}

{#- The rows of a group as a JSON array of objects, ordered. -#}
{% macro json_list(fields, order) -%}
  {{ return(adapter.dispatch('json_list')(fields, order)) }}
{%- endmacro %}

{% macro default__json_list(fields, order) -%}
cast(to_json(list(struct_pack({% for name, value in fields.items() %}{{ name }} := {{ value }}{{ ', ' if not loop.last }}{% endfor %}) order by {{ order }})) as varchar)
{%- endmacro %}

{% macro spark__json_list(fields, order) -%}
to_json(transform(
    array_sort(collect_list(struct({{ order }} as place, struct({% for name, value in fields.items() %}{{ value }} as {{ name }}{{ ', ' if not loop.last }}{% endfor %}) as entry))),
    each -> each.entry
))
{%- endmacro %}


{#- How many elements a list has; null for no list. -#}
{% macro list_length(list) -%}
  {{ return(adapter.dispatch('list_length')(list)) }}
{%- endmacro %}

{% macro default__list_length(list) -%}
len({{ list }})
{%- endmacro %}

{% macro spark__list_length(list) -%}
size({{ list }})
{%- endmacro %}

{#- The element of a list at a position that counts from 1. -#}
{% macro nth(list, position) -%}
  {{ return(adapter.dispatch('nth')(list, position)) }}
{%- endmacro %}

{% macro default__nth(list, position) -%}
{{ list }}[{{ position }}]
{%- endmacro %}

{% macro spark__nth(list, position) -%}
try_element_at({{ list }}, {{ position }})
{%- endmacro %}
