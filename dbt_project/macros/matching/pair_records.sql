{#- Every pair of records that at least one block of bearable size brings together; where few are touched, only these look around them.
    The records of blocks that are not bearable, and of those of one, fall out before anything is paired. -#}
{% macro pair_records(domain, blocks, keys=none, many=false) %}
with{% if keys is not none %} looking as materialized (

    select rule, key, record_no from {{ blocks }} where {{ is_touched(keys, 'record_no') }}

),

near as materialized (

    select rule, key, record_no from {{ blocks }} semi join looking using (key)

),
{%- endif %}
{%- set near = blocks if keys is none else 'near' %} bearable as materialized (

    select key, record_no
    from {{ near }}
    where key in (
        select key
        from {{ near }}
        group by key
        having count(*) between 2 and {{ block_cap(domain, 'any_value(rule)', many) }}
    )

)

{% if keys is none -%}
select l.record_no as left_no, r.record_no as right_no
from bearable as l
inner join bearable as r on l.key = r.key and l.record_no < r.record_no
{%- else -%}
select least(looking.record_no, others.record_no) as left_no, greatest(looking.record_no, others.record_no) as right_no
from looking
inner join bearable as others on looking.key = others.key and looking.record_no <> others.record_no
{%- endif %}
group by left_no, right_no
{% endmacro %}

{#- The blocks that changed records are in now, or were in, each whole: one look at all blocks, and what follows looks at these. They
    stand in a table of the connection, for whoever pairs records. All blocks where a build makes everything. -#}
{% macro near_blocks(blocks) -%}
  {%- set name = blocks.identifier -%}
  {%- if not incrementally() or not is_told(name ~ '__made') -%}{{ return(blocks) }}{%- endif -%}
  {%- call statement('near', auto_begin=false) -%}
create or replace temp table near_blocks as
from {{ blocks }}
semi join (select key from {{ made_rows(name) }} union all select key from changed."{{ name }}__before") as held using (key)
  {%- endcall -%}
  {{ return('near_blocks') }}
{%- endmacro %}

{#- Adds the blocks of those touched records that did not change themselves. -#}
{% macro add_near_blocks(blocks, near, keys) -%}
  {%- set others = '(select key from ' ~ keys ~ ' where key not in (select record_no from ' ~ made_rows(blocks.identifier) ~ '))' -%}
  {%- if near == 'near_blocks' and keys is not none and has_rows(others) -%}
    {%- call statement('near', auto_begin=false) -%}
insert into near_blocks
from {{ blocks }}
semi join (select key from {{ blocks }} where {{ is_touched(others, 'record_no') }}) as held using (key)
anti join near_blocks as known using (key, record_no)
    {%- endcall -%}
  {%- endif -%}
{%- endmacro %}

{#- Lays the pairs to compare in a table of the connection, and what their records bring beside the warehouse, in the database `passing`
    which ends with the run: one look at the evidence serves all pairs of this build, as a rule those within components, too, for whom
    the pairs may connect come with their components of before. -#}
{% macro meet_records(domain, pairs, evidence) -%}
  {%- set components = 'matched.matched_' ~ domain ~ '__components' -%}
  {%- call statement('paired', auto_begin=false) -%}
create or replace temp table paired as {{ pairs }}
  {%- endcall -%}
  {%- call statement('met', auto_begin=false) -%}
create or replace table {{ met(evidence) }} as
with paired_records as (select distinct unnest([left_no, right_no]) as record_no from paired)

select {{ compared_columns(domain) }}
from {{ evidence }}
where record_no in (
    select record_no from paired_records
    union all
    select record_no from {{ components }}
    where component_no in (select component_no from {{ components }} where record_no in (select record_no from paired_records))
)
  {%- endcall -%}
  {%- do note(evidence.identifier ~ '__met', true) -%}
  {{ return(met(evidence)) }}
{%- endmacro %}

{#- What of a model lies in the database `passing`. -#}
{% macro met(relation) -%}{{ return('passing.main."' ~ relation.identifier ~ '"') }}{%- endmacro %}

{#- The records of blocks that became too large to compare, or small enough: pairs come and go of which no record changed. -#}
{% macro records_of_turned_blocks(domain, blocks, near, many=false) -%}
select members.record_no
from {{ near }} as members
inner join (
    select here.key, any_value(here.rule) as of_rule, count(*) as records, any_value(moved.grown) as grown
    from {{ near }} as here
    inner join (
        select key, sum(n) as grown
        from (
            select key, 1 as n from {{ near }} semi join {{ changed(blocks.identifier) }} using (rule, key, record_no)
            union all
            select key, -1 from changed."{{ blocks.identifier }}__before"
        )
        group by key
        having sum(n) <> 0
    ) as moved using (key)
    group by here.key
) as sizes using (key)
where (records <= {{ block_cap(domain, 'of_rule', many) }}) <> (records - grown <= {{ block_cap(domain, 'of_rule', many) }})
{%- endmacro %}

{#- Whether there are `many` records, as declared of a domain's blocks, now and before this build: where that has turned, pairs of all
    records come or go. -#}
{% macro are_many(domain, evidence) -%}
  {%- if not execute -%}{{ return({'now': false, 'before': false}) }}{%- endif -%}
  {%- set name, from = evidence.identifier, declared(domain, 'blocks.many') -%}
  {%- set grown = '0' -%}
  {%- if incrementally() and is_told(name ~ '__made') -%}
    {%- set grown = '(select count(*) from ' ~ made_rows(name) ~ ' semi join ' ~ changed(name) ~ ' using (record_no)) - (select count(*) from changed."' ~ name ~ '__before")' -%}
  {%- endif -%}
  {%- set records = run_query('select count(*), ' ~ grown ~ ' from ' ~ evidence).rows[0] -%}
  {{ return({'now': records[0] >= from, 'before': records[0] - records[1] >= from}) }}
{%- endmacro %}

{#- How many records a block of a rule may hold: the `cap` of the rule, or that of all; among many records its `cap_of_many`. -#}
{% macro block_cap(domain, rule, many=false) -%}
case {{ rule }}
    {%- for each in declared(domain, 'blocks.rules') %}
    {%- set cap = each.cap_of_many if many and each.cap_of_many is defined else each.cap %}
    {%- if cap is defined %}
    when {{ loop.index0 }} then {{ cap }}
    {%- endif %}
    {%- endfor %}
    when null then 0
    else {{ declared(domain, 'blocks.cap') }}
end
{%- endmacro %}
