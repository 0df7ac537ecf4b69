{#- The text with every match of a regular expression replaced. -#}
{% macro replace_all(value, pattern, by) -%}
  {{ return(adapter.dispatch('replace_all')(value, pattern, by)) }}
{%- endmacro %}

{% macro default__replace_all(value, pattern, by) -%}
regexp_replace({{ value }}, '{{ pattern }}', '{{ by }}', 'g')
{%- endmacro %}

{% macro spark__replace_all(value, pattern, by) -%}
regexp_replace({{ value }}, r'{{ pattern }}', '{{ modules.re.sub('\\\\([0-9])', '$\\1', by) }}')
{%- endmacro %}

{#- Whether a regular expression occurs in the text. -#}
{% macro matches(value, pattern) -%}
  {{ return(adapter.dispatch('matches')(value, pattern)) }}
{%- endmacro %}

{% macro default__matches(value, pattern) -%}
regexp_matches({{ value }}, '{{ pattern }}')
{%- endmacro %}

{% macro spark__matches(value, pattern) -%}
{{ value }} rlike r'{{ pattern }}'
{%- endmacro %}
