{#- The layer's own name is the schema, whatever the target: staging, conformed, matched, golden, publish. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
  {{ (custom_schema_name or target.schema) | trim }}
{%- endmacro %}
