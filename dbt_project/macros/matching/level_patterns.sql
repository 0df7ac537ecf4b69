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

{#- Compared pairs counted by pattern, with its levels and, of each, the mean of one over the affinity and of the logarithms of shares
    that it learns by: what learning reads. -#}
{% macro count_patterns(domain, compared) -%}
{%- set shared = declared(domain, 'compare.comparisons') | selectattr('learn_share', 'defined') | map(attribute='name') | list -%}
select
    pattern,
    pairs,
    inverse_affinity,
    {%- for name in shared %}
    {{ name }}_share / 1000 / pairs - 9 * ln(10) as {{ name }}_share,
    {%- endfor %}
    {{ levels_of(domain) }}
from (
    select
        pattern,
        count(*) as pairs,
        sum(cast(round(1000000000000 / affinity) as bigint)) / (1e6 * count(*)) as inverse_affinity
        {%- for name in shared %},
        cast(sum(cast(round(1000 * ln(greatest({{ name }}_share, 1))) as bigint)) as double) as {{ name }}_share
        {%- endfor %}
    from {{ compared }}
    group by pattern
)
{%- endmacro %}
