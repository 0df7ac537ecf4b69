{#- Every pair of records that at least one block of bearable size brings together; where few are touched, only these look around them.
    The records of blocks that are not bearable, and of those of one, fall out before anything is paired. What rules for `few` records
    bring together is left out where both share a block of another rule that is not bearable: a crowd says nothing. -#}
{% macro pair_records(domain, blocks, keys=none, many=false, few=false) %}
{%- set cap, of_few = block_cap(domain, 'any_value(rule)', many), 'in (' ~ rules_of_few(domain) ~ ')' -%}
{%- set only_of_few = 'min(case when ' ~ ('l' if keys is none else 'others') ~ '.rule ' ~ of_few ~ ' then 1 else 0 end) as is_of_few' -%}
with{% if keys is not none %} looking as materialized (

    select rule, key, record_no from {{ blocks }} where {{ is_touched(keys, 'record_no') }}

),

near as materialized (

    select rule, key, record_no from {{ blocks }} semi join looking using (key)

),
{%- endif %}
{%- set near = blocks if keys is none else 'near' %} bearable as materialized (

    select {{ 'rule, ' if few }}key, record_no
    from {{ near }}
    where key in (
        select key
        from {{ near }}
        group by key
        having count(*) between 2 and {{ cap }}
    )

){% if few %},

crowded as (

    select record_no, list(key) as keys
    from {{ near }}
    where key in (select key from {{ near }} where rule not {{ of_few }} group by key having count(*) > {{ cap }})
    group by record_no

){% endif %}

{% if few -%}
select left_no, right_no
from (
{%- endif %}
{% if keys is none -%}
select l.record_no as left_no, r.record_no as right_no{{ ', ' ~ only_of_few if few }}
from bearable as l
inner join bearable as r on l.key = r.key and l.record_no < r.record_no
{%- else -%}
select least(looking.record_no, others.record_no) as left_no, greatest(looking.record_no, others.record_no) as right_no{{ ', ' ~ only_of_few if few }}
from looking
inner join bearable as others on looking.key = others.key and looking.record_no <> others.record_no
{%- endif %}
group by left_no, right_no
{%- if few %}
) as pairs
left join crowded as l on left_no = l.record_no
left join crowded as r on right_no = r.record_no
where is_of_few = 0 or not coalesce(list_has_any(l.keys, r.keys), false)
{%- endif %}
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

{#- Which rules for `few` records hold, whether there are `many`, and whether a build brought the records across a number where rules
    or caps have `turned`, and with them pairs of all. A rule for few holds where the model was learnt from few: as the shop grows, what
    it found stays found until the model is trained anew, or there are `few_until` times as many. -#}
{% macro held_rules(domain, evidence, vocabulary) -%}
  {%- if not execute -%}{{ return({'few': [], 'many': false, 'turned': false}) }}{%- endif -%}
  {%- set name, grown, few, ns = evidence.identifier, '0', [], namespace(turned=false) -%}
  {%- if incrementally() and is_told(name ~ '__made') -%}
    {%- set grown = '(select count(*) from ' ~ made_rows(name) ~ ' semi join ' ~ changed(name) ~ ' using (record_no)) - (select count(*) from changed."' ~ name ~ '__before")' -%}
  {%- endif -%}
  {%- set learnt = "(select coalesce(max(records), 0) from " ~ vocabulary ~ " where kind = 'records')" -%}
  {%- set records = run_query('select count(*), ' ~ grown ~ ', ' ~ learnt ~ ' from ' ~ evidence).rows[0] -%}
  {%- set now, before, lines = records[0], records[0] - records[1], [declared(domain, 'blocks.many') - 1] -%}
  {%- for rule in declared(domain, 'blocks.rules') if rule.up_to is defined and records[2] <= rule.up_to -%}
    {%- set most = rule.up_to * declared(domain, 'blocks.few_until') -%}
    {%- do lines.append(most) -%}
    {%- if now <= most -%}{%- do few.append(rule.name) -%}{%- endif -%}
  {%- endfor -%}
  {%- for line in lines if (now <= line) != (before <= line) -%}{%- set ns.turned = true -%}{%- endfor -%}
  {{ return({'few': few, 'many': now > lines[0], 'turned': ns.turned}) }}
{%- endmacro %}

{#- The places of the rules for few records, one after the other. -#}
{% macro rules_of_few(domain) -%}
  {%- set rules, places = declared(domain, 'blocks.rules'), [] -%}
  {%- for rule in rules if rule.up_to is defined -%}{%- do places.append(rules.index(rule)) -%}{%- endfor -%}
  {{ places | join(', ') }}
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
