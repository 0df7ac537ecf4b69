{#- Whether two bags of words say that they are two articles: model numbers, numbers, colours or brands that contradict.
    Expects `l` and `r` of matched_products__bags. -#}
{% macro product_conflicts() -%}
({{ models_differ() }}
    or {{ numbers_differ() }}
    or {{ lists_differ('colours') }}
    or {{ lists_differ('shades') }}
    or {{ sizes_differ() }}
    or {{ lists_differ('brand_words') }})
{%- endmacro %}

{#- Both have some of a kind and none in common. -#}
{% macro lists_differ(name) -%}
(array_length(l.{{ name }}) > 0 and array_length(r.{{ name }}) > 0 and not list_has_any(l.{{ name }}, r.{{ name }}))
{%- endmacro %}

{% macro models_differ() -%}
({{ lists_differ('models') }} and not list_has_any(l.codes, r.codes) and not {{ models_extend() }} or {{ stated_differ() }})
{%- endmacro %}

{#- Both records state the maker's number in a column of its own, and neither mentions the other's anywhere: what else looks like
    a number in both names, as DDR3 or the cartridge that a toner stands for, is then none that makes them one. -#}
{% macro stated_differ() -%}
({{ lists_differ('stated') }}
    and not list_has_any(l.stated_codes, r.codes)
    and not list_has_any(r.stated_codes, l.codes)
    and not {{ models_extend('stated') }})
{%- endmacro %}

{#- One model number has up to three characters more than another, at an end or, its digits being the same, anywhere: a colour
    or a country is often appended, and a letter left out. -#}
{% macro models_extend(name='models') -%}
(array_length(list_filter(l.{{ name }}, lambda m: array_length(list_filter(r.{{ name }}, lambda k:
    k <> m and least(length(m), length(k)) >= 4 and abs(length(m) - length(k)) <= 3
    and (
        starts_with(k, m) or starts_with(m, k) or ends_with(k, m) or ends_with(m, k)
        or least(length(m), length(k)) >= 6
        and regexp_replace(k, '[^0-9]', '', 'g') = regexp_replace(m, '[^0-9]', '', 'g')
        and levenshtein(k, m) = abs(length(m) - length(k))
    )
)) > 0)) > 0)
{%- endmacro %}

{#- Each name has a number that the other record mentions nowhere. -#}
{% macro numbers_differ() -%}
({{ numbers_unmatched('l', 'r') }} > 0 and {{ numbers_unmatched('r', 'l') }} > 0)
{%- endmacro %}

{#- How many numbers of one name the other record mentions nowhere, in no other unit either. -#}
{% macro numbers_unmatched(one, other) -%}
{{ unmatched(one ~ '.numbers', with_measures(other, other ~ '.all_words', one)) }}
{%- endmacro %}

{#- Words of a record, and those in which another tells the same measures in other units: 2 and m of who says 200 cm. As
    inches and feet are rounded, so may these be; in one unit two numbers are two measures. -#}
{% macro with_measures(one, words, other) -%}
case
  when array_length({{ one }}.measures) > 0 and array_length({{ other }}.measures) > 0
    then {{ words }} || flatten(list_transform(list_filter({{ other }}.measures, lambda m: array_length(list_filter({{ one }}.measures, lambda k:
      k.kind = m.kind and k.unit <> m.unit and least(k.amount, m.amount) >= 0.98 * greatest(k.amount, m.amount)
    )) > 0), lambda m: [m.number, m.unit]))
  else {{ words }}
end
{%- endmacro %}

{#- Both have options, and each has a word among them that the other record mentions nowhere. -#}
{% macro options_differ() -%}
(array_length(l.option_words) > 0 and array_length(r.option_words) > 0
    and {{ unmatched('l.option_words', with_measures('r', 'r.all_words', 'l')) }} > 0
    and {{ unmatched('r.option_words', with_measures('l', 'l.all_words', 'r')) }} > 0)
{%- endmacro %}

{#- Two packs are of other pieces or amounts. Ounces and pounds are rounded, and an ounce of what is liquid may be of either kind.
    Expects `one` and `other` of matched_products__evidence. -#}
{% macro packs_differ() -%}
{%- set amounts = [] -%}
{%- for side in ['one', 'other'] %}{% do amounts.append("cast(nullif(regexp_extract(" ~ side ~ ".pack, 'x([0-9]+)', 1), '') as double)") %}{% endfor -%}
coalesce(one.pack <> other.pack and (
    regexp_extract(one.pack, '^[0-9]+', 0) <> regexp_extract(other.pack, '^[0-9]+', 0)
    or least({{ amounts | join(', ') }}) < case when right(one.pack, 1) = right(other.pack, 1) then 0.985 else 0.95 end * greatest({{ amounts | join(', ') }})
), false)
{%- endmacro %}

{#- One tells that it is several pieces, and the other nothing of its pack. -#}
{% macro pieces_apart() -%}
(one.pack is null and coalesce(not starts_with(other.pack, '1x'), false) or other.pack is null and coalesce(not starts_with(one.pack, '1x'), false))
{%- endmacro %}

{#- How many of a list are not in another. -#}
{% macro unmatched(these, those) -%}
(array_length({{ these }}) - array_length(list_intersect({{ these }}, {{ those }})))
{%- endmacro %}

{#- Letters and digits of a name as one run: where words begin differs between shops. -#}
{% macro run_together(name) -%}
coalesce(regexp_replace({{ name }}, '[^a-z0-9]', '', 'g'), '')
{%- endmacro %}
