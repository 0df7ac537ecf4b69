{#- A declared threshold in bits, by the model at its word. -#}
{% macro threshold_bits(domain, name) -%}
  {%- set found = declared(domain, 'thresholds') | selectattr('name', 'equalto', name) | map(attribute='probability') | list -%}
  {%- if execute and not found -%}
    {{ exceptions.raise_compiler_error('matching/' ~ domain ~ '.yml declares no threshold ' ~ name) }}
  {%- endif -%}
  {%- set p = found[0] or 0.5 -%}
round(ln({{ p }} / (1 - {{ p }})) / ln(2), 2)
{%- endmacro %}
