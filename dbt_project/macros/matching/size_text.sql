{#- In small letters, with sizes of clothes in one spelling: 'X-Large', 'extra large' and 'XL' are xl, 'XXL' is 2xl. -#}
{% macro size_text(text) -%}
{%- set rules = [
  ('\\b(?:extra|x)[ -](?:extra|x)[ -](small|large)\\b', '2x\\1'),
  ('\\bextra[ -]?(small|large)\\b', 'x\\1'),
  ('\\bxx[ -]?(s|l)(?:mall|arge)?\\b', '2x\\1'),
  ('\\bxxx[ -]?(s|l)(?:mall|arge)?\\b', '3x\\1'),
  ('\\bxxxx[ -]?(s|l)(?:mall|arge)?\\b', '4x\\1'),
  ('\\b(?:([2-6])[ -]?)?x[ -]?(s|l)(?:mall|arge)\\b', '\\1x\\2'),
] -%}
{{ replaced("lower(" ~ text ~ ")", rules) }}
{%- endmacro %}

{#- The same of options, where a letter is a size: it stands beside its word, for the titles of another shop have either. 'W32/L34'
    is 32 by 34, 'EU 38' is 38. Behind a number stands a unit. -#}
{% macro option_sizes(text) -%}
{%- set ns = namespace(sql="regexp_replace(regexp_replace(" ~ size_text(text) ~ ", '\\b([2-6])[ -]x(s|l)\\b', '\\1x\\2', 'g'), '\\b(?:eu|w|l) ?([0-9]{2})\\b|\\b([0-9]{2}) ?eu\\b', ' \\1\\2 ', 'g')") -%}
{%- for letter, rest in [('s', 'mall'), ('m', 'edium'), ('l', 'arge')] -%}
  {%- set ns.sql = "regexp_replace(" ~ ns.sql ~ ", '(^|[a-z:] |[^a-z0-9: ] ?)" ~ letter ~ "(?:" ~ rest ~ ")?\\b', '\\1" ~ letter ~ " " ~ letter ~ rest ~ "', 'g')" -%}
{%- endfor -%}
{{ ns.sql }}
{%- endmacro %}

{#- The sizes that options of such a text name, each with its measure: 'letters xl', ' 38', 'gb 64', 'uk 6'. European sizes are
    what a number alone is; a percentage is no size. -#}
{% macro size_tokens(text) -%}
list_sort(list_distinct(list_transform(
  regexp_extract_all(regexp_replace({{ text }}, '[0-9.]+ ?%', ' ', 'g'), '\b(?:[2-6]?x[sl]|[sml]|(?:(?:uk|us|it|fr|jp) ?)?[0-9]+(?:\.[0-9]+)?(?: (?:m|{{ product_units() }}))?)\b'),
  lambda s: case
    when regexp_matches(s, '[sml]$') and not regexp_matches(s, '[0-9] ') then 'letters ' || s
    else regexp_replace(s, '[0-9. ]', '', 'g') || ' ' || regexp_extract(s, '[0-9.]+')
  end
)))
{%- endmacro %}

{#- The sizes of clothes that a text tells by letters. What stands behind a number is a unit. -#}
{% macro size_letters(text) -%}
list_sort(list_distinct(regexp_extract_all(regexp_replace({{ text }}, '[0-9] ?[sml]\b', ' ', 'g'), '\b(?:[2-6]?x[sl]|[sml])\b')))
{%- endmacro %}

{#- Both options tell a size in one measure, and not the same: none in common, or as many and others. -#}
{% macro sizes_differ() -%}
(list_has_any({{ measures('l.sizes') }}, {{ measures('r.sizes') }})
    and l.sizes <> r.sizes
    and (array_length(l.sizes) = array_length(r.sizes) or not list_has_any(l.sizes, r.sizes)))
{%- endmacro %}

{% macro measures(sizes) -%}
list_transform({{ sizes }}, lambda s: string_split(s, ' ')[1])
{%- endmacro %}
