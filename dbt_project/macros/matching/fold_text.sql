{#- Latin letters, digits and single spaces only: Cyrillic and Greek transliterated, accents, case and what stands for a lost
    letter (M?ller) removed. Most texts are plain words but for accents, which is seen in a small part of the time that replacing
    takes. `also` is a range of further letters that stay. -#}
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

{#- A name as `fold_text` has it, but one in Armenian, Hebrew, Arabic, Indian, Thai, Georgian, Chinese, Japanese or Korean keeps
    its letters: it is compared with names of its own script, and with others not at all. -#}
{% macro fold_name(text) -%}
{{ fold_text(text, '\\x{0530}-\\x{1dff}\\x{3040}-\\x{d7ff}') }}
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
  {%- set digraphs = [
    ('ж', 'zh'), ('х', 'h'), ('ц', 'ts'), ('ч', 'ch'), ('ш', 'sh'), ('щ', 'sch'), ('ю', 'yu'), ('я', 'ya'), ('є', 'ye'),
    ('ї', 'yi'), ('ђ', 'dj'), ('љ', 'lj'), ('њ', 'nj'), ('џ', 'dz'), ('ъ', ''), ('ь', ''),
    ('ου', 'ou'), ('θ', 'th'), ('χ', 'ch'), ('ψ', 'ps'), ('ξ', 'x'),
    ('ß', 'ss'), ('æ', 'ae'), ('œ', 'oe'), ('þ', 'th'), ("'", ''), ('’', ''), ('‘', ''), ('ʼ', ''), ('´', ''), ('`', ''), ('?', ''), ('\ufffd', ''), ('\u200c', ''), ('\u200d', ''),
  ] -%}
  {%- set letters = 'абвгдезийклмнопрстуфыэёіґјћ' ~ 'αβγδεζηικλμνοπρσςτυφω' ~ 'łøđðıħŋ' -%}
  {%- set latin = 'abvgdeziiklmnoprstufyeeigjc' ~ 'avgdeziiklmnoprsstyfo' ~ 'loddihn' -%}
  {%- set ns = namespace(sql='strip_accents(' ~ text ~ ')') -%}
  {%- for from, to in digraphs -%}
    {%- set ns.sql = 'replace(' ~ ns.sql ~ ", '" ~ from | replace("'", "''") ~ "', '" ~ to ~ "')" -%}
  {%- endfor -%}
  translate({{ ns.sql }}, '{{ letters }}', '{{ latin }}')
{%- endmacro %}
