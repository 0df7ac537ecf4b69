{#- A text whose letters some system read in the wrong encoding (MÃ¼ller) or wrote for a web page (M&uuml;ller) as it was, and without marks that have no width. -#}
{% macro mended_text(value) -%}
case
    when {{ value }} like '%&%;%' then {{ unescaped(value) }}
    when {{ matches(value, '[\\x{ff01}-\\x{ff9f}]') }} then {{ half_width(value) }}
    when {{ matches(value, '[^\\x00-\\x7f]') }}
        then {{ replace_all('coalesce(' ~ decoded_again(value) ~ ', ' ~ value ~ ')', '[\\x{ad}\\x{200b}\\x{2060}\\x{feff}]+', '') }}
    else {{ value }}
end
{%- endmacro %}

{#- The text that UTF-8 makes of another's letters, taken for bytes of windows-1252; null where they are none. -#}
{% macro decoded_again(text) -%}
  {{ return(adapter.dispatch('decoded_again')(text)) }}
{%- endmacro %}

{% macro default__decoded_again(text) -%}
{%- set letters = '€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ' -%}
{%- set bytes = '808283848586878889' ~ '8a8b8c8e9192939495969798999a9b9c9e9f' -%}
{%- set ns = namespace(controls='') -%}
{%- for place in range(0, bytes | length, 2) -%}
  {%- set ns.controls = ns.controls ~ 'chr(' ~ bytes[place:place + 2] | int(base=16) ~ ')' ~ (' || ' if not loop.last) -%}
{%- endfor -%}
{%- set narrow = "translate(" ~ text ~ ", '" ~ letters ~ "', " ~ ns.controls ~ ")" -%}
{#- The first byte of a letter, and one that only follows such a one. -#}
case
    when {{ matches(narrow, '[\\x{c2}-\\x{f4}][\\x{80}-\\x{bf}]') }} and not {{ matches(narrow, '[^\\x{00}-\\x{ff}]') }}
        then try(decode(unhex(array_to_string(list_transform(string_split({{ narrow }}, ''), lambda c: printf('%02x', unicode(c))), ''))))
end
{%- endmacro %}

{% macro spark__decoded_again(text) -%}
case
    when {{ matches(text, '[\\x{c2}-\\x{f4}]') }} and locate('\ufffd', decode(encode({{ text }}, 'windows-1252'), 'UTF-8')) = 0
        then decode(encode({{ text }}, 'windows-1252'), 'UTF-8')
end
{%- endmacro %}
