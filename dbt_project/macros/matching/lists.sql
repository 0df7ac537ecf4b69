{#- The values of rows that fulfil a condition as a list, in order. -#}
{% macro ordered_list(value, by, condition) -%}
  {{ return(adapter.dispatch('ordered_list')(value, by, condition)) }}
{%- endmacro %}

{% macro default__ordered_list(value, by, condition) -%}
list({{ value }} order by {{ by }}) filter (where {{ condition }})
{%- endmacro %}

{% macro spark__ordered_list(value, by, condition) -%}
transform(array_sort(collect_list(struct({{ by }} as place, {{ value }} as said)) filter (where {{ condition }})), each -> each.said)
{%- endmacro %}

{#- The so many greatest structs of a group as a list, the greatest first. -#}
{% macro greatest_rows(struct, rows) -%}
  {{ return(adapter.dispatch('greatest_rows')(struct, rows)) }}
{%- endmacro %}

{% macro default__greatest_rows(struct, rows) -%}
max({{ struct }}, {{ rows }})
{%- endmacro %}

{% macro spark__greatest_rows(struct, rows) -%}
slice(sort_array(collect_list({{ struct }}), false), 1, {{ rows }})
{%- endmacro %}
