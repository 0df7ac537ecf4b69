{#- Text of an article in one spelling: no accents, marks or apostrophes; thousands, versions and units written one way. -#}
{% macro product_text(text, longest) -%}
{%- set rules = [
  ('\\(\\s*(r|tm|c)\\s*\\)', ' '),
  ('\\s+\\.([0-9])', '.\\1'),
  ('([0-9]),([0-9]{3})\\b', '\\1\\2'),
  ('\\b([0-9]{1,3}) (000)\\b', '\\1\\2'),
  ('\\b([0-9]{1,3}),([0-9]{1,2})([^0-9,]|$)', '\\1.\\2\\3'),
  ('\\b([34][0-9]|1?[0-9]) ?(?:1/2|½)', '\\1.5'),
  ('([0-9])(?: ?["”″]|[ -]?(?:zoll|pouces?|pulgadas?|pollici|duim)\\b)', '\\1 in '),
  ('([0-9])[ -]?(?:foot|feet|fuss|pieds|piedi|voet)\\b', '\\1 ft '),
  ('([0-9])[ -]?(?:([mkcz])(?:illi|ilo|enti))?met(?:er|re|ro|ri)s?\\b', '\\1 \\2m '),
  ('([0-9] )zm ', '\\1cm '),
  ('\\b(?:hell|licht|light)(bl[au]|gr[aeu][uyne]|grij|groen|brau|brow|brui|rot|rosa|roze|rood|red|pink|purple|gelb|geel|yellow|lila|paars)', 'light \\1'),
  ('\\b(?:dunkel|donker|dark)(bl[au]|gr[aeu][uyne]|grij|groen|brau|brow|brui|rot|rosa|roze|rood|red|pink|purple|gelb|geel|yellow|lila|paars)', 'dark \\1'),
  ('\\bv(?:er|ersion)?\\.? ?([0-9])', '\\1'),
  ('\\b([0-9]+)\\.0+\\b', '\\1'),
  ('\\b([0-9]+(?:\\.[0-9]+)?)[ -]?(' ~ units_behind() ~ ')\\b', '\\1 \\2 '),
  ('\\b([0-9]+(?:\\.[0-9]+)?)(' ~ units_joined() ~ ')([^-a-z0-9.]|$)', '\\1 \\2\\3'),
  ('([0-9]) +(?:watts?|w)\\b', '\\1 watt'),
  ('([0-9])[ -]*volts?\\b', '\\1 v'),
  ('\\b([0-9]+)\\.([0-9]) +tb\\b', '\\1\\200 gb'),
  ('\\b([0-9]+) +tb\\b', '\\1000 gb'),
  ('\\b([0-9]+)\\.([0-9]) +kw\\b', '\\1\\200 watt'),
  ('\\b([0-9]+) +kw\\b', '\\1000 watt'),
  ('\\b0([1-9]00 (?:gb|watt))\\b', '\\1'),
] -%}
{{ replaced("replace(replace(lower(strip_accents(left(" ~ text ~ ", " ~ longest ~ "))), '''', ''), '’', '')", rules) }}
{%- endmacro %}

{#- A text with what matches each pattern put in other words, one after another. -#}
{% macro replaced(text, rules) -%}
{%- set ns = namespace(sql=text) -%}
{%- for from, to in rules -%}
  {%- set ns.sql = "regexp_replace(" ~ ns.sql ~ ", '" ~ from ~ "', '" ~ to ~ "', 'g')" -%}
{%- endfor -%}
{{ ns.sql }}
{%- endmacro %}

{#- What stands behind a number without making it a model number; in GSR-12V-15 it does. -#}
{% macro product_units() -%}
{{ units_behind() }}|{{ units_joined() }}
{%- endmacro %}

{% macro units_joined() -%}
m|v|ah|mah|wh|kw|va|mg
{%- endmacro %}

{% macro units_behind() -%}
gb|mb|tb|mm|cm|ml|cl|kg|oz|in|ft|lb|lbs|w|watt|watts|hz|khz|mhz|ghz|mp|inch|pk|pack|pcs|ct|count|u|user|users|fps|rpm|mbps
{%- endmacro %}

{#- How much each unit is of the first of its kind: what is told in another unit is one, if it is nearly as much. -#}
{% macro units_of_a_kind() -%}
{{ return([
  {'mm': 1, 'cm': 10, 'm': 1000, 'in': 25.4, 'ft': 304.8},
  {'mah': 1, 'ah': 1000},
  {'mb': 1, 'gb': 1024},
  {'hz': 1, 'khz': 1e3, 'mhz': 1e6, 'ghz': 1e9},
]) }}
{%- endmacro %}

{#- The measures in such a text, each as number, unit, kind and how much it is; '3 in 1' is none. -#}
{% macro product_measures(text) -%}
{%- set units, kinds, amounts = [], [], [] -%}
{%- for kind in units_of_a_kind() -%}
  {%- for unit, amount in kind.items() -%}
    {%- do units.append(unit) -%}
    {%- do kinds.append("when '" ~ unit ~ "' then '" ~ (kind | first) ~ "'") -%}
    {%- do amounts.append("when '" ~ unit ~ "' then " ~ amount) -%}
  {%- endfor -%}
{%- endfor -%}
{%- set number, unit = "regexp_extract(s, '[0-9.]+')", "regexp_extract(s, '[a-z]+')" -%}
{%- set said = "regexp_extract_all(" ~ text ~ ", '\\b[0-9]+(?:\\.[0-9]+)? +(?:in +1|" ~ units | join('|') ~ ")\\b')" -%}
list_transform(list_filter(list_distinct({{ said }}), lambda s: not ends_with(s, ' 1')), lambda s: {
  'number': {{ number }}, 'unit': {{ unit }}, 'kind': case {{ unit }} {{ kinds | join(' ') }} end,
  'amount': cast({{ number }} as double) * case {{ unit }} {{ amounts | join(' ') }} end
})
{%- endmacro %}

{#- Words and numbers of such a text. Where a script has no spaces between words, two letters beside each other are one. -#}
{% macro product_words(text) -%}
{%- set unspaced, other = '\\x{0e00}-\\x{0eff}\\x{1000}-\\x{109f}\\x{1780}-\\x{17ff}\\x{3040}-\\x{d7ff}', '\\x{0530}-\\x{1dff}\\x{3040}-\\x{d7ff}' -%}
{%- set all = "regexp_extract_all(" ~ text ~ ", '[0-9]+\\.[0-9]+|[a-z0-9]+|[" ~ other ~ "]+')" -%}
case
  when regexp_matches({{ text }}, '[{{ unspaced }}]{3}') then flatten(list_transform({{ all }}, lambda w: case
    when regexp_matches(w, '[{{ unspaced }}]{3}') then list_transform(range(1, length(w)), lambda i: substr(w, i, 2))
    else [w]
  end))
  else {{ all }}
end
{%- endmacro %}

{#- What may be a model number in such a text: digits with letters, or long numbers, joined over hyphens, dots, slashes and low lines. -#}
{% macro product_codes(text) -%}
{{ codes_among("list_transform(" ~ joined_words(text) ~ ", lambda w: regexp_replace(w, '[-./_]', '', 'g'))", 4) }}
{%- endmacro %}

{#- The same of the parts that are so joined, and of a UPC the maker's own part: his number is written with a shop's ending,
    two stand side by side, or a barcode holds it. -#}
{% macro product_code_parts(text) -%}
{{ codes_among("flatten(list_transform(" ~ joined_words(text) ~ ", lambda w: string_split(translate(w, '-._', '///'), '/') || [regexp_extract(w, '^[0-9]{6}([0-9]{5})[0-9]$', 1)]))", 5) }}
{%- endmacro %}

{% macro joined_words(text) -%}
regexp_extract_all({{ text }}, '[a-z0-9]+(?:[-./_][a-z0-9]+)*')
{%- endmacro %}

{% macro codes_among(words, shortest) -%}
list_filter(
  {{ words }},
  lambda w: regexp_matches(w, '[0-9]') and (length(w) >= 5 or length(w) >= {{ shortest }} and regexp_matches(w, '[a-z]'))
    and not regexp_matches(w, '^[0-9]+(x[0-9]*|x[0-9]+(ml|g)|th|nd|rd|st|{{ product_units() }})$|^(480|576|720|1080|1440|2160)[ip]$')
)
{%- endmacro %}

{#- What may be a model number whose letters and digits stand apart, 'AT 8713' for AT-8713, in a list of words: no year, and no
    measure with its unit behind. -#}
{% macro spaced_codes(words) -%}
list_filter(list_transform(range(1, array_length({{ words }})), lambda i: case
  when regexp_matches({{ words }}[i], '^[a-z]{1,4}$')
    and not regexp_matches({{ words }}[i], '^(a|and|at|by|for|from|in|no|of|on|or|over|per|pro|the|to|up|ver|vol|w|win|with|x|{{ product_units() }})$')
    and regexp_matches({{ words }}[i + 1], '^[0-9]{3,5}[a-z]{0,2}$')
    and not regexp_matches({{ words }}[i + 1], '^((19|20)[0-9]{2}|[0-9]+(x|th|nd|rd|st|{{ product_units() }}))$')
    and not coalesce(regexp_matches({{ words }}[i + 2], '^({{ product_units() }}|x)$'), false)
  then {{ words }}[i] || {{ words }}[i + 1]
end), lambda m: m is not null)
{%- endmacro %}

{#- Pack as '<pieces>x<amount><unit>' in millilitres, grams or pieces, or null: '6x330ml', '0.33 l x 6' and '6 x 33 cl' are one. -#}
{% macro pack_size(text) -%}
{%- set said = pack_text(text) -%}
{%- set content = "replace(regexp_extract(" ~ said ~ ", '" ~ pack_pattern() ~ "', GROUP), ',', '.')" -%}
{%- set amount, unit = content.replace('GROUP', '2'), content.replace('GROUP', '3') -%}
{%- set letter = "left(replace(replace(" ~ unit ~ ", 'lb', 'p'), 'gal', 'a'), 1)" -%}
{%- set pieces = "coalesce(nullif(" ~ content.replace('GROUP', '1') ~ ", ''), nullif(" ~ content.replace('GROUP', '4') ~ ", ''), nullif(regexp_extract(" ~ said ~ ", '"
    ~ pieces_pattern() ~ "', 1), ''), nullif(regexp_extract(" ~ said ~ ", '" ~ pieces_pattern() ~ "', 2), ''))" -%}
case
  when {{ amount }} <> '' then
    coalesce({{ pieces }}, '1') || 'x' || cast(round(cast({{ amount }} as double) * case {{ letter }}
      when 'a' then 3785.41 when 'q' then 946.35 when 'c' then 10 when 'd' then 100 when 'l' then 1000 when 'k' then 1000 when 'o' then 28.35 when 'p' then 453.59 when 'f' then 29.57 else 1
    end) as bigint) || case when {{ letter }} in ('g', 'k', 'o', 'p') then 'g' else 'ml' end
  when {{ pieces }} is not null then {{ pieces }} || 'x'
end
{%- endmacro %}

{#- The text without its pack, which is compared in its one form instead. -#}
{% macro without_pack(text) -%}
regexp_replace(regexp_replace({{ pack_text(text) }}, '{{ pack_pattern() }}', ' ', 'g'), '{{ pieces_pattern() }}', ' ', 'g')
{%- endmacro %}

{% macro pack_pattern() -%}
(?:\b([0-9]{1,3}) ?[x×*] ?|\b)([0-9]{1,6}(?:[.,][0-9]{1,3})?) ?(ml|cl|dl|l|lt|ltr|lit(?:er|ers|re|res|ro|ros|ri)|g|gr|grams?|gramm|grammes?|gramos|grammi|kg|kilos?|fl\.? ?oz|oz|ounces?|lbs?|pounds?|gal(?:l?ons?|lone[ns]?|ones)?|quarts?|qt)\b(?: ?[x×*] ?([0-9]{1,3})\b)?
{%- endmacro %}

{#- In small letters; OS-391g, where g is no gram, becomes one word, and nobody sells 1.5 grams as 1,500 g; '.75 l'
    is 0.75 l, and a twin pack or Doppelpack one of 2. -#}
{% macro pack_text(text) -%}
{%- set rules = [
  ('\\b([a-z]{1,3})-([0-9]+[gl])\\b', '\\1\\2'),
  ('\\b([1-9][0-9]{0,2})[.,]([0-9]{3}) ?(ml|gr?)\\b', '\\1\\2 \\3'),
  ('(^|[^0-9 ] |\\()\\.([0-9])', '\\10.\\2'),
  ('\\b(?:twin|duo|double|doppel)[ -]?pac(?:k|kung)\\b', '2 pack'),
  ('\\b(?:triple|dreier)[ -]?pac(?:k|kung)\\b', '3 pack'),
] -%}
{{ replaced("lower(" ~ text ~ ")", rules) }}
{%- endmacro %}

{#- '6er-Pack', '24er Tray', '6 Stück', '6-teilig', '6 pz', 'pack of 6', 'lot de 6', 'confezione da 6', 'set van 6'. -#}
{% macro pieces_pattern() -%}
\b(?:([0-9]{1,3})(?:er[ -]?(?:tray|set|box|karton|kasten|kiste)|(?:er)?[ -]?(?:packs?|packung|pk|pcs|pieces?|teilig|tlg|ct|count|st[üu]ck|stk|stuks|pz|pezzi|uds|unidades))|(?:packs?|lot|set|confezione|caja|box|carton|tray) (?:of|de|da|van) ([0-9]{1,3}))\b
{%- endmacro %}
