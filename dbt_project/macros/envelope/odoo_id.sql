{#- The id of an Odoo relation as text, whether it came as [id, name], as id, or as false for none. -#}
{% macro odoo_id(value) -%}
nullif(regexp_extract(cast({{ value }} as varchar), '[0-9]+', 0), '')
{%- endmacro %}
