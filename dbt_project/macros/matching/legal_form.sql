{#- The legal form at the end of a company's folded name, in one spelling; null where there is none or a part of it is lost, as in
    'GbmH & Co. KG'. -#}
{% macro legal_form(name) -%}
{%- set ending = "regexp_extract(" ~ name ~ ", '" ~ declared('customers', 'normalise.company_endings') ~ "')" -%}
{%- set and_co = ' ((und|u|and|et) )?co' -%}
{%- set ns = namespace(sql='replace(' ~ replace_all(ending, and_co ~ ' ', ' ') ~ ", ' ', '')") -%}
{%- for written, form in declared('customers', 'normalise.company_forms') -%}
  {%- set ns.sql = replace_all(ns.sql, written, form) -%}
{%- endfor -%}
case when not {{ matches(ending, '^' ~ and_co ~ ' (kg|ohg)|' ~ and_co ~ '$|^$') }} then nullif({{ ns.sql }}, '') end
{%- endmacro %}
