{#- How many steps down a system stands in the order of a survivorship row, `shopify = pos > odoo`: sources joined by = stand on
    one step, where the newer event decides. Null where the order does not name the system. -#}
{% macro source_rank(systems, system) -%}
{%- set before = "split_part(" ~ systems ~ ", " ~ system ~ ", 1)" -%}
case when instr({{ systems }}, {{ system }}) > 0 then 1 + length({{ before }}) - length(replace({{ before }}, '>', '')) end
{%- endmacro %}
