{#- 'Street|city|zip' of an address that stands in one line, in capitals; without either end where it has neither zip nor city. The zip
    stands before the city or behind it and its state, with commas or without; a country may follow. A number by itself is a house. -#}
{% macro address_line(line) -%}
{%- set zip, state, country = '(' ~ declared('customers', 'normalise.zips') ~ ')', '(?:[A-Z]{2,3}[ ,]+)?', '(?: *,[^,0-9]*)?$' -%}
{%- set ns = namespace(sql='upper(' ~ line ~ ')') -%}
{%- for pattern, parts in [
    ('^(.*[0-9,](?:.*[^ ,])?)[ ,]+(?:[A-Z]{1,2}-)?' ~ zip ~ ' +([^,0-9|]{2,}(?: [0-9]{1,2})?)' ~ country, '\\1|\\3|\\2'),
    ('^([^,|]*?[0-9][^,|]*?[^ ,]) ([^ ,0-9|]+)[ ,]+' ~ state ~ zip ~ country, '\\1|\\2|\\3'),
    ('^(.*?[^ ,]) *,(?: *([^,|]*?)[ ,]+)? *' ~ state ~ zip ~ country, '\\1|\\2|\\3'),
    ('^(.*?[^ ,]) *, *([^,0-9|]+?)(?: *, *[A-Z]{2,3})?$', '\\1|\\2|'),
] -%}
  {%- set ns.sql = replace_all(ns.sql, pattern, parts) -%}
{%- endfor -%}
{{ ns.sql }}
{%- endmacro %}

{#- The line with a post box at its front, in one word: behind a comma its number would be taken for a zip. -#}
{% macro box_in_front(line) -%}
{%- set box = declared('customers', 'normalise.post_boxes') | replace('?:', '?!') | replace(' ?', '[ .:#-]*') | replace('?!', '?:') | replace('(?:(?: [0-9]{2}){1,2}$)?', '') -%}
{{ replace_all('lower(' ~ line ~ ')', '^(.*?)[ ,]*' ~ box, 'pf\\2 \\1') }}
{%- endmacro %}
