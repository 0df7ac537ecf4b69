{#- "Novák, Jan" the way it is spoken: Jan Novák. A degree behind a comma (Jan Novák, PhD) goes, and Jr. stays at the end. -#}
{% macro natural_name(value) -%}
{%- set degrees = '(ph\\.? ?d|m\\.? ?d|csc|mba|esq|cpa|b\\.? ?sc|m\\.? ?sc|ll\\.? ?[bm]|d\\.?d\\.?s|b\\.? ?a|m\\.? ?a)' -%}
{%- set plain = replace_all(value, '(?i), *' ~ degrees ~ '\\.? *$', '') -%}
{%- set name = replace_all(plain, '(?i),? +(jr|sr|ii|iii)\\.? *$', '') -%}
case
    when {{ value }} not like '%,%' then {{ value }}
    when {{ name }} not like '%,%' then replace({{ plain }}, ',', '')
    else trim(split_part({{ name }}, ',', 2)) || ' ' || trim(split_part({{ name }}, ',', 1)) || replace(substr({{ plain }}, length({{ name }}) + 1), ',', '')
end
{%- endmacro %}

{#- First and last name as one; null if there is neither. -#}
{% macro full_name(first_name, last_name) -%}
nullif(trim(coalesce({{ first_name }}, '') || ' ' || coalesce({{ last_name }}, '')), '')
{%- endmacro %}

{#- A folded name without titles of several words, of which a part alone may be a name (Dr. med.). -#}
{% macro untitled(name) -%}
case when contains({{ name }}, ' ') then trim({{ replace_all(name, declared('customers', 'normalise.long_titles'), '') }}) else {{ name }} end
{%- endmacro %}
