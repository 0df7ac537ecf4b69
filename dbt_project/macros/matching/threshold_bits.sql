{#- What bits are worth by the model in use, in one row: log odds of one party = intercept + slope * bits. By labels where some were
    adopted; without, the model is taken at its word. pipelines/calibration.py says the same in Python. -#}
{% macro calibration(model) -%}
select
    coalesce(max(ln(match / (1 - match))), 0) as intercept,
    coalesce(max(ln(household / (1 - household)) - ln(match / (1 - match))), ln(2)) as slope
from {{ model }}
where comparison = 'calibration'
{%- endmacro %}

{#- A declared threshold in bits; `calibration` is one row as the macro of that name has it. -#}
{% macro threshold_bits(domain, name, calibration) -%}
  {%- set found = declared(domain, 'thresholds') | selectattr('name', 'equalto', name) | map(attribute='probability') | list -%}
  {%- if execute and not found -%}
    {{ exceptions.raise_compiler_error('matching/' ~ domain ~ '.yml declares no threshold ' ~ name) }}
  {%- endif -%}
  {%- set p = found[0] or 0.5 -%}
(select round((ln({{ p }} / (1 - {{ p }})) - intercept) / slope, 2) from {{ calibration }})
{%- endmacro %}

{#- The probability that a pair with so many bits is one party; expects the columns of a calibration. -#}
{% macro probability(bits) -%}
round(1 / (1 + exp(-(intercept + slope * greatest(-20, least(20, {{ bits }}))))), 6)
{%- endmacro %}
