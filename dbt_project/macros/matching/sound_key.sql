{#- A folded word as it sounds, coarsely: 'dmitrij', 'dmitriy' and 'dmitri' share one key, so do 'mueller' and 'muller'. -#}
{% macro sound_key(word) -%}
  {%- set rules = [
    ('shch', 's'), ('sch', 's'), ('tch', 'c'), ('ch', 'c'), ('sh', 's'), ('zh', 'z'), ('kh', 'h'), ('ph', 'f'), ('th', 't'),
    ('ts', 'c'), ('tz', 'c'), ('cz', 'c'), ('ck', 'k'), ('q', 'k'), ('x', 'ks'), ('w', 'v'), ('y', 'i'), ('j', 'i'),
    ('ae', 'a'), ('oe', 'o'), ('ue', 'u'), ('ou', 'u'), ('oo', 'u'), ('ie', 'e'), ('ei', 'e'), ('ii', 'i'),
  ] -%}
  {%- set ns = namespace(sql=word) -%}
  {%- for from, to in rules -%}
    {%- set ns.sql = 'replace(' ~ ns.sql ~ ", '" ~ from ~ "', '" ~ to ~ "')" -%}
  {%- endfor -%}
  {%- for letter in 'abcdfgklmnoprstuvz' -%}
    {%- set ns.sql = 'replace(' ~ ns.sql ~ ", '" ~ letter ~ letter ~ "', '" ~ letter ~ "')" -%}
  {%- endfor -%}
  {{ ns.sql }}
{%- endmacro %}
