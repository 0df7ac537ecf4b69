{#- The traits of a record that hold what we last published on it (`same`), or that somebody changed since (not `same`). -#}
{% macro echoes(seen, sent, traits, same) -%}
  {%- set conditions = {} -%}
  {%- for trait, attributes in traits.items() -%}
    {%- set changed, sent_any = [], [] -%}
    {%- for attribute in attributes -%}
      {%- do sent_any.append(sent ~ '.' ~ attribute) -%}
      {%- do changed.append('coalesce(' ~ seen ~ '.' ~ attribute ~ ' is distinct from ' ~ sent ~ '.' ~ attribute ~ ' and ' ~ sent ~ '.' ~ attribute ~ ' is not null, false)') -%}
    {%- endfor -%}
    {%- set was_sent = '(' ~ sent_any | join(' is not null or ') ~ ' is not null)' -%}
    {%- do conditions.update({trait: was_sent ~ ' and ' ~ ('not ' if same else '') ~ '(' ~ changed | join(' or ') ~ ')'}) -%}
  {%- endfor -%}
{{ names_where(conditions) }}
{%- endmacro %}
