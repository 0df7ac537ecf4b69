{#- A text with letters as a web page writes them (M&uuml;ller, O&#39;Brien) as it reads there; what is no letter's stays, and control
    characters, which Odoo's database refuses, are spaces. -#}
{% macro unescaped(text) -%}
{%- set marks = {'grave': 768, 'acute': 769, 'circ': 770, 'tilde': 771, 'uml': 776, 'ring': 778, 'caron': 780, 'cedil': 807} -%}
{%- set others = {
    'amp': '&', 'quot': '"', 'apos': "''", 'lt': '<', 'gt': '>', 'nbsp': ' ', 'rsquo': '’', 'lsquo': '‘', 'ndash': '–',
    'szlig': 'ß', 'oslash': 'ø', 'Oslash': 'Ø', 'aelig': 'æ', 'AElig': 'Æ', 'oelig': 'œ', 'OElig': 'Œ', 'ordf': 'ª', 'ordm': 'º', 'deg': '°',
} -%}
nfc_normalize(array_to_string(list_transform(string_split({{ text }}, '&'), lambda part, place: case
    when place = 1 then part
    when {{ matches('part', '^#([0-9]{2,5}|[xX][0-9a-fA-F]{2,4});') }}
        then coalesce(try(chr(greatest(cast(replace(lower(regexp_extract(part, '^#([^;]+)', 1)), 'x', '0x') as integer), 32))), '&' || left(part, instr(part, ';')))
            || substr(part, instr(part, ';') + 1)
    {%- for name, code in marks.items() %}
    when {{ matches('part', '^[A-Za-z]' ~ name ~ ';') }} then left(part, 1) || chr({{ code }}) || substr(part, {{ name | length + 3 }})
    {%- endfor %}
    {%- for name, letter in others.items() %}
    when starts_with(part, '{{ name }};') then '{{ letter }}' || substr(part, {{ name | length + 2 }})
    {%- endfor %}
    else '&' || part
end), ''))
{%- endmacro %}
