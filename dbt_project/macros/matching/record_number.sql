{#- A number for a record that is its own whatever other records there are, so that pairs need not hold two texts. Two records
    of one number would show: the number is a key of the evidence. -#}
{% macro record_number(record_id) -%}
  {{ return(adapter.dispatch('record_number')(record_id)) }}
{%- endmacro %}

{% macro default__record_number(record_id) -%}
cast(md5_number_lower({{ record_id }}) >> 1 as bigint)
{%- endmacro %}

{% macro spark__record_number(record_id) -%}
cast(conv(substr(md5({{ record_id }}), 2, 15), 16, 10) as bigint)
{%- endmacro %}
