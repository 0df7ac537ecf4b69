{#- How the records of each pair compare, with numbers for records: which level holds of each declared comparison, all in one number
    (level_patterns.sql), and how common the values are. Measures are computed beside the levels that read them: carried there with
    both records, every pair would be copied whole. `pairs` is a query. Of `few` pairs the records are looked up once, not once for
    each side, and first among those `at_hand` (meet_records). In a column of `void` no record says anything: it is not looked up, and
    what is compared in it alone falls out. -#}
{% macro compare_pairs(domain, pairs, evidence, few=false, void=[], at_hand=none) %}
{%- set measured -%}
        greatest(cast(round({{ declared(domain, 'learn.affinity') }} * 1000000) as bigint), 1) as affinity,
        {%- for measure in declared(domain, 'compare.measures') %}
        {{ measure.is }} as {{ measure.name }},
        {%- endfor %}
        {%- for comparison in declared(domain, 'compare.comparisons') %}
        case
            when {{ comparison.missing }} then 0
            {%- for level in comparison.levels %}
            {% if level.when is defined %}when {{ level.when }} then {% else %}else {% endif %}{{ loop.index }}
            {%- endfor %}
        end as {{ comparison.name }},
        {%- if comparison.share is defined %}
        cast(round({{ comparison.share }} * 1000000000) as integer) as {{ comparison.name }}_share,
        {%- endif %}
        {%- endfor %}
{%- endset %}
with these as {{ 'materialized ' if few }}(
    {{ pairs }}
){% if few %},

asked as (
    select unnest([left_no, right_no]) as record_no from these
),

met as materialized (
    {%- set columns = compared_columns(domain) %}
    {%- if at_hand is not none %}
    select {{ columns }} from {{ at_hand }} where record_no in (select record_no from asked)
    union all
    select {{ columns }} from {{ evidence }}
    where record_no in (select record_no from asked anti join {{ at_hand }} using (record_no))
    {%- else %}
    select {{ columns }} from {{ evidence }} where record_no in (select record_no from asked)
    {%- endif %}
){% endif %}

select
    left_no,
    right_no,
    {{ level_pattern(domain) }} as pattern,
    affinity,
    {%- for comparison in declared(domain, 'compare.comparisons') if comparison.share is defined %}
    {{ comparison.name }}_share,
    {%- endfor %}
from (
    select
        pairs.*,
        {{ without_void(measured, void) }}
    from these as pairs
    inner join {{ 'met' if few else evidence }} as l on pairs.left_no = l.record_no
    inner join {{ 'met' if few else evidence }} as r on pairs.right_no = r.record_no
)
{% endmacro %}

{#- The same for the pairs that blocks bring: all, or those of touched records. What the records of many bring is too much to carry. -#}
{% macro compare_blocks(domain, pairs, evidence, keys) -%}
  {%- if keys is none -%}
{{ compare_pairs(domain, lay_first(pairs), evidence, void=void_columns(domain, evidence)) }}
  {%- elif is_idle(this.identifier) or run_query('select count(*) from ' ~ keys).rows[0][0] > 3000 -%}
{{ compare_pairs(domain, pairs, evidence, few=true) }}
  {%- else -%}
{{ compare_pairs(domain, 'from paired', meet_records(domain, pairs, evidence)) }}
  {%- endif -%}
{%- endmacro %}

{#- The columns of the evidence that comparisons read. -#}
{% macro compared_columns(domain) -%}
  {%- set spec = declared(domain, 'compare') | string ~ declared(domain, 'learn.affinity') -%}
  {{ return((['record_no'] + modules.re.findall('\\b[lr]\.(\w+)', spec) | unique | sort) | join(', ')) }}
{%- endmacro %}

{#- The columns of the evidence that comparisons read and no record fills, with their types: one look at each, for as a rule its first
    row tells. -#}
{% macro void_columns(domain, evidence) -%}
  {%- if not execute -%}{{ return([]) }}{%- endif -%}
  {%- set spec = declared(domain, 'compare') | string -%}
  {%- set columns = adapter.get_columns_in_relation(evidence) -%}
  {%- set asked = [] -%}
  {%- for column in columns if modules.re.search('\\b[lr]\\.' ~ column.name ~ '\\b', spec) -%}
    {%- do asked.append('exists (from ' ~ evidence ~ ' where ' ~ column.name ~ ' is not null) as ' ~ column.name) -%}
  {%- endfor -%}
  {%- set filled = run_query('select ' ~ asked | join(', ')) -%}
  {%- set void = [] -%}
  {%- for column in columns if column.name in filled.column_names and not filled.rows[0][column.name] -%}
    {%- do void.append({'name': column.name, 'type': column.dtype}) -%}
  {%- endfor -%}
  {{ return(void) }}
{%- endmacro %}

{% macro without_void(expressions, void) -%}
  {%- set ns = namespace(sql=expressions) -%}
  {%- for column in void -%}
    {%- set ns.sql = modules.re.sub('\\b[lr]\\.' ~ column.name ~ '\\b', 'cast(null as ' ~ column.type ~ ')', ns.sql) -%}
  {%- endfor -%}
  {{ ns.sql }}
{%- endmacro %}
