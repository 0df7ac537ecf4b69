{#- The traits of a record that hold what we last published on it (`same`), or that somebody changed since (not `same`). What we
    wrote over the same value in another spelling (`before`) is no echo: it was said there before we said it. -#}
{% macro echoes(seen, sent, before, traits, same) -%}
  {%- set conditions = {} -%}
  {%- for trait, attributes in traits.items() -%}
    {%- set changed, brought = [], [] -%}
    {%- for attribute in attributes -%}
      {%- set written = sent ~ '.' ~ attribute ~ ' is not null' -%}
      {%- do brought.append('(' ~ written ~ ' and ' ~ before ~ '.' ~ attribute ~ ' is distinct from ' ~ sent ~ '.' ~ attribute ~ ')') -%}
      {%- do changed.append('(' ~ written ~ ' and ' ~ seen ~ '.' ~ attribute ~ ' is distinct from ' ~ sent ~ '.' ~ attribute ~ ')') -%}
    {%- endfor -%}
    {%- set is_changed = '(' ~ changed | join(' or ') ~ ')' -%}
    {%- set is_brought = '(' ~ brought | join(' or ') ~ ')' -%}
    {%- do conditions.update({trait: is_brought ~ ' and not ' ~ is_changed if same else is_changed}) -%}
  {%- endfor -%}
{{ names_where(conditions) }}
{%- endmacro %}
