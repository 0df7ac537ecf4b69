{#- Odoo keeps weights in kilograms with two decimals. -#}
{% macro kilograms(grams) -%}
cast(round({{ grams }} * 0.001, 2) as double)
{%- endmacro %}

{#- The GTIN as a scanner reads it: GTIN-8 and GTIN-13 without the zeros that pad them. -#}
{% macro scanned_gtin(gtin14) -%}
case
    when {{ gtin14 }} like '000000%' then right({{ gtin14 }}, 8)
    when {{ gtin14 }} like '0%' then right({{ gtin14 }}, 13)
    else {{ gtin14 }}
end
{%- endmacro %}

{#- A UTC timestamp as Odoo writes it. -#}
{% macro odoo_time(value) -%}
  {{ return(adapter.dispatch('odoo_time')(value)) }}
{%- endmacro %}

{% macro default__odoo_time(value) -%}
strftime({{ value }}, '%Y-%m-%d %H:%M:%S')
{%- endmacro %}

{% macro spark__odoo_time(value) -%}
date_format({{ value }}, 'yyyy-MM-dd HH:mm:ss')
{%- endmacro %}
