{#- The levels of all comparisons of a pair as one number, its pattern: millions of pairs have few thousand patterns, and one number is
    counted, joined and kept for a small part of what a column for each comparison costs. It is the sum of level + 1, 0 where there
    is nothing to compare, times the product of how many such values each comparison before has. -#}
{% macro level_pattern(domain) -%}
  {%- set terms, ns = [], namespace(place=1) -%}
  {%- for comparison in declared(domain, 'compare.comparisons') -%}
    {%- do terms.append('cast(' ~ comparison.name ~ ' as bigint) * ' ~ ns.place) -%}
    {%- set ns.place = ns.place * (comparison.levels | length + 1) -%}
  {%- endfor -%}
  {{ terms | join(' + ') or '0' }}
{%- endmacro %}

{#- The levels in `pattern`, a column for each comparison in `names` or for all: 0 is the best, null where there is nothing to compare. -#}
{% macro levels_of(domain, names=none) -%}
  {%- set columns, ns = [], namespace(place=1) -%}
  {%- for comparison in declared(domain, 'compare.comparisons') -%}
    {%- set values = comparison.levels | length + 1 -%}
    {%- if names is none or comparison.name in names -%}
      {%- do columns.append('cast(nullif(pattern // ' ~ ns.place ~ ' % ' ~ values ~ ', 0) - 1 as tinyint) as ' ~ comparison.name) -%}
    {%- endif -%}
    {%- set ns.place = ns.place * values -%}
  {%- endfor -%}
  {{ columns | join(',\n        ') }}
{%- endmacro %}

{#- Compared pairs counted by pattern and, where what agrees may be rare or common, by how many records bear it, in powers of sixteen:
    what learning reads. With the levels, and of each count the mean of one over the affinity and of the logarithms of these shares. -#}
{% macro count_patterns(domain, compared) -%}
{%- set shared, rarity, ns = [], [], namespace(place=1) -%}
{%- for comparison in declared(domain, 'compare.comparisons') -%}
  {%- set values = comparison.levels | length + 1 -%}
  {%- if comparison.share is defined -%}
    {%- do shared.append({'name': comparison.name, 'agrees': 'pattern // ' ~ ns.place ~ ' % ' ~ values ~ ' = 1'}) -%}
    {%- if comparison.learn_apart is not defined -%}
      {%- do rarity.append('coalesce(' ~ comparison.name ~ '_bits // 4 + 1, 0) * ' ~ 9 ** (rarity | length)) -%}
    {%- endif -%}
  {%- endif -%}
  {%- set ns.place = ns.place * values -%}
{%- endfor -%}
select
    pattern,
    rarity,
    pairs,
    inverse_affinity,
    {%- for each in shared %}
    {{ each.name }}_bits / pairs * ln(2) - 9 * ln(10) as {{ each.name }}_share,
    {%- endfor %}
    {{ levels_of(domain) }}
from (
    select
        pattern,
        {{ rarity | join(' + ') or '0' }} as rarity,
        cast(sum(times) as bigint) as pairs,
        sum(inverse) / (1e6 * sum(times)) as inverse_affinity
        {%- for each in shared %},
        cast(sum({{ each.name }}_bits * times) as double) as {{ each.name }}_bits
        {%- endfor %}
    from (
        {#- Few bits differ among millions of pairs: what is summed is summed of each kind once. -#}
        select
            pattern
            {%- for each in shared %},
            case when {{ each.agrees }} then cast(round(log2(greatest({{ each.name }}_share, 1))) as integer) end as {{ each.name }}_bits
            {%- endfor %},
            count(*) as times,
            sum(cast(round(1000000000000 / affinity) as bigint)) as inverse
        from {{ compared }}
        group by all
    )
    group by pattern, rarity
)
{%- endmacro %}
