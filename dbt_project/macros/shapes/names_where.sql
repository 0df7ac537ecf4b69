{#- The list of those names whose condition is true; `conditions` maps name to condition. -#}
{% macro names_where(conditions) -%}
  {{ return(adapter.dispatch('names_where')(conditions)) }}
{%- endmacro %}

{% macro default__names_where(conditions) -%}
list_filter([{% for name, condition in conditions.items() %}
    case when {{ condition }} then '{{ name }}' end{{ ',' if not loop.last }}{% endfor %}
], lambda name: name is not null)
{%- endmacro %}

{% macro spark__names_where(conditions) -%}
filter(array({% for name, condition in conditions.items() %}
    case when {{ condition }} then '{{ name }}' end{{ ',' if not loop.last }}{% endfor %}
), name -> name is not null)
{%- endmacro %}
