{#- The words of a folded text as a list, without those in `dropped`. Few texts have one of these, which is seen in half the time that
    looking at each word takes. -#}
{% macro words(text, dropped) -%}
case
  when {{ matches(text, '(^| )(' ~ dropped | join('|') ~ ')?( |$)') }}
    then list_filter(string_split({{ text }}, ' '), lambda w: w <> '' and w not in ('{{ dropped | join("', '") }}'))
  else string_split({{ text }}, ' ')
end
{%- endmacro %}
