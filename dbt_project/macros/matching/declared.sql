{#- A declared setting of a domain, by dotted path into `matching` of matching/<domain>.yml. Empty while dbt parses. -#}
{% macro declared(domain, path) -%}
  {%- if not execute -%}{{ return([]) }}{%- endif -%}
  {%- set ns = namespace(value=graph.nodes['model.' ~ project_name ~ '.matched_' ~ domain ~ '__model'].config.meta.matching) -%}
  {%- for step in path.split('.') -%}
    {%- if step not in ns.value -%}
      {{ exceptions.raise_compiler_error('matching/' ~ domain ~ '.yml declares no ' ~ path) }}
    {%- endif -%}
    {%- set ns.value = ns.value[step] -%}
  {%- endfor -%}
  {{ return(ns.value) }}
{%- endmacro %}
