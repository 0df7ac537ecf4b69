{#- A time as load ids begin with it, so that the two compare as texts. -#}
{% macro load_stamp(at) -%}
  {{ return(adapter.dispatch('load_stamp')(at)) }}
{%- endmacro %}

{% macro default__load_stamp(at) -%}
strftime({{ at }}, '%Y%m%dT%H%M%S%f')
{%- endmacro %}

{% macro spark__load_stamp(at) -%}
date_format({{ at }}, "yyyyMMdd'T'HHmmssSSSSSS")
{%- endmacro %}
