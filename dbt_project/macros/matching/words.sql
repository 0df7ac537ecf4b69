{#- The words of a folded text as a list, without those in `dropped`. -#}
{% macro words(text, dropped) -%}
list_filter(string_split({{ text }}, ' '), lambda w: w <> '' and w not in ('{{ dropped | join("', '") }}'))
{%- endmacro %}
