{#- Latin letters, digits and single spaces only: Cyrillic, Greek, Armenian and Georgian transliterated, accents, case and
    what stands for a lost letter (M?ller) removed. Most texts are plain words but for accents, which is seen in a small part of the
    time that replacing takes. `also` is a range of further letters that stay. -#}
{% macro fold_text(text, also='') -%}
case
  when {{ matches('strip_accents(lower(' ~ text ~ '))', '^[a-z0-9]+( [a-z0-9]+)*$') }} then strip_accents(lower({{ text }}))
  else trim(regexp_replace(
    case
      when regexp_matches({{ text }}, '[^\x00-\x7f]') then {{ transliterate('lower(' ~ text ~ ')') }}
      else translate(lower({{ text }}), '''`?', '')
    end, '[^a-z0-9{{ also }}]+', ' ', 'g'))
end
{%- endmacro %}

{#- The text with Cyrillic, Greek and accented letters as Latin ones, in small letters where it has any; all other letters stay. -#}
{% macro latin_text(text) -%}
case when regexp_matches({{ text }}, '[^\x00-\x7f]') then {{ transliterate('lower(' ~ text ~ ')') }} else {{ text }} end
{%- endmacro %}

{#- A name as `fold_text` has it, but one in Hebrew, Arabic, Indian, Thai, Chinese, Japanese or Korean keeps its letters: it is
    compared with names of its own script, and with others not at all. -#}
{% macro fold_name(text) -%}
{{ fold_text(text, '\\x{0590}-\\x{109f}\\x{1100}-\\x{1dff}\\x{3040}-\\x{d7ff}') }}
{%- endmacro %}

{#- Whether a folded text begins with a Chinese, Japanese or Korean letter: words stand there without spaces, and family and given name
    in either order, as one word or two. -#}
{% macro is_unspaced(folded) -%}
ascii({{ folded }}) >= 12352
{%- endmacro %}

{#- The letters of a folded text in one order, whatever order its words had. -#}
{% macro sorted_letters(folded) -%}
array_to_string(list_sort(string_split(replace({{ folded }}, ' ', ''), '')), '')
{%- endmacro %}

{#- Expects lower case. One spelling per letter; `sound_key` evens out the schools of transliteration. -#}
{% macro transliterate(text) -%}
  {%- set ns = namespace(sql=native_letters('strip_accents(' ~ text ~ ')')) -%}
  {%- for from, to in [
    ('ß', 'ss'), ('æ', 'ae'), ('œ', 'oe'), ('þ', 'th'), ("'", ''), ('’', ''), ('‘', ''), ('ʼ', ''), ('´', ''), ('`', ''), ('?', ''), ('\ufffd', ''), ('\u200c', ''), ('\u200d', ''),
  ] -%}
    {%- set ns.sql = 'replace(' ~ ns.sql ~ ", '" ~ from | replace("'", "''") ~ "', '" ~ to ~ "')" -%}
  {%- endfor -%}
  translate({{ ns.sql }}, 'łøđðıħŋ', 'loddihn')
{%- endmacro %}

{#- Greek, Cyrillic, Armenian and Georgian letters as Latin ones. Greek υ behind a vowel is v or f; Bulgarian ъ between consonants a vowel. -#}
{% macro native_letters(text) -%}
  {%- set ns = namespace(sql=text) -%}
  {%- for from, to in [
    ('([αεη])υ([θκξπσςτφχψ ]|$)', '\\1f\\2'), ('([αεη])υ', '\\1v'), ('(^| )μπ', '\\1b'), ('γ([γξχ])', 'ν\\1'),
    ('ъ([бвгджзклмнпрстфхцчшщ])', 'a\\1'), ('(^| )ե', '\\1ye'), ('(^| )ո([^ւ])', '\\1vo\\2'),
  ] -%}
    {%- set ns.sql = replace_all(ns.sql, from, to) -%}
  {%- endfor -%}
  {%- for from, to in [
    ('ж', 'zh'), ('ц', 'ts'), ('ч', 'ch'), ('ш', 'sh'), ('щ', 'sch'), ('ю', 'yu'), ('я', 'ya'), ('є', 'ye'), ('ї', 'yi'),
    ('љ', 'lj'), ('њ', 'nj'), ('џ', 'dz'), ('ъ', ''), ('ь', ''),
    ('ου', 'ou'), ('θ', 'th'), ('χ', 'ch'), ('ψ', 'ps'), ('ξ', 'x'),
    ('ու', 'u'), ('և', 'ev'), ('ժ', 'zh'), ('խ', 'kh'), ('ծ', 'ts'), ('ձ', 'dz'), ('ղ', 'gh'), ('ճ', 'ch'), ('շ', 'sh'), ('չ', 'ch'), ('ց', 'ts'),
    ('ჟ', 'zh'), ('ღ', 'gh'), ('შ', 'sh'), ('ჩ', 'ch'), ('ც', 'ts'), ('ძ', 'dz'), ('წ', 'ts'), ('ჭ', 'ch'), ('ხ', 'kh'),
  ] -%}
    {%- set ns.sql = 'replace(' ~ ns.sql ~ ", '" ~ from ~ "', '" ~ to ~ "')" -%}
  {%- endfor -%}
  {%- set letters = 'абвгдезийклмнопрстуфхыэёіґјћђәғқңөұүһ' ~ 'αβγδεζηικλμνοπρσςτυφω' ~ 'աբգդեզէըթիլկհմյնոպջռսվտրւփքօֆ' ~ 'აბგდევზთიკლმნოპრსტუფქყჯჰ' -%}
  {%- set latin = 'abvgdeziiklmnoprstufhyeeigjcdagknouuh' ~ 'avgdeziiklmnoprsstyfo' ~ 'abgdezeytilkhmynopjrsvtrvpkof' ~ 'abgdevztiklmnoprstupkqjh' -%}
  case
    when regexp_matches({{ text }}, '[\x{0370}-\x{058f}\x{10d0}-\x{10ff}]') then translate({{ ns.sql }}, '{{ letters }}', '{{ latin }}')
    else {{ text }}
  end
{%- endmacro %}
