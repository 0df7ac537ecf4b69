{#- The first address in a text, in small letters: of mailto:jana@posta.example, Jana <jana@posta.example>, and of several. What
    holds none stays, without spaces. -#}
{% macro email_address(value) -%}
{%- set plain = "lower(" ~ replace_all(value, '[ \\x{200c}\\x{200d}]+', '') ~ ")" -%}
case
    when {{ plain }} not like '%@%' or {{ matches(plain, '^[^@<>()\\[\\]",;:|/]+@[a-z0-9.-]*[a-z0-9]$') }} then {{ plain }}
    else coalesce(
        nullif(regexp_extract({{ replace_all("lower(" ~ value ~ ")", ' *@ *', '@') }}, '[^\s@<>()\[\]"'',;:|/]+@[a-z0-9.-]*[a-z0-9]'), ''),
        {{ plain }}
    )
end
{%- endmacro %}
