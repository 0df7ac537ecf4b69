{#- Puts the rows made anew in the place of those they replace, row by row only where they differ, and notes the keys of what is
    other, new or gone as changed.<model> (with the old rows as changed.<model>__before) for the models below.
    The old rows are found by their keys once and from then on known by their place; those of a wide table are read whole only where
    there are some: that costs more than all that follows. Where even that is dear, `meta: {compared: false}` takes all that is touched for
    changed; of the old rows then only the keys are noted, and the columns of `meta: {before: […]}`. Whose old rows another table tells
    (`old_rows`) has them taken out by their keys: `meta: {by_place: false}`. -#}
{% macro put_touched(target, made, narrowed, untouched) -%}
{%- set name, unique, meta = this.identifier, model.config.unique_key, model.config.meta -%}
{%- set key = [unique] if unique is string else unique -%}
{%- set keys = key | join(', ') -%}
{%- set keys_touched, touched_on = old_keys(name, meta) if narrowed else none, meta.get('touched_on', key) -%}
{%- if untouched %}
create or replace table {{ changed(name) }} as select {{ keys }} from {{ target }} limit 0;
create or replace table changed."{{ name }}__before" as from {{ target }} limit 0;
{%- else %}
{%- set compared, before = meta.get('compared', true), meta.get('before', []) %}
{%- if before or compared and model.columns | length > 5 %}
create or replace temp table "{{ name }}__places" as {{ touched_rows(target, 'rowid as key', keys_touched, touched_on) }};
{%- set keys_touched, touched_on = '"' ~ name ~ '__places"', 'rowid' %}
{%- endif %}
{%- if not compared %}
{%- set noted = (key + before) | join(', ') %}
{%- if not is_told(name ~ '__were') %}
create or replace temp table "{{ name }}__were" as {{ touched_rows(target, 'rowid as place, ' ~ noted, keys_touched, touched_on) }};
{%- endif %}
create or replace table {{ changed(name) }} as
select {{ keys }} from "{{ name }}__were" union select {{ keys }} from {{ made }};
create or replace table changed."{{ name }}__before" as select {{ noted }} from "{{ name }}__were";
delete from {{ target }} where {{ is_touched(keys_touched, touched_on) if meta.get('by_place') is false else 'rowid in (select place from "' ~ name ~ '__were")' }};
insert into {{ target }} by name select * from {{ made }};
{%- else %}
{%- if not is_told(name ~ '__were') %}
create or replace temp table "{{ name }}__were" as {{ touched_rows(target, 'rowid as place, *', keys_touched, touched_on) }};
{%- endif %}
create or replace table {{ changed(name) }} as
select distinct {{ keys }}
from (
    (select * exclude (place) from "{{ name }}__were" except from {{ made }})
    union all
    (from {{ made }} except select * exclude (place) from "{{ name }}__were")
) as differing;
create or replace table changed."{{ name }}__before" as
select * exclude (place) from "{{ name }}__were" semi join {{ changed(name) }} using ({{ keys }});
delete from {{ target }} where rowid in (select place from "{{ name }}__were" semi join {{ changed(name) }} using ({{ keys }}));
insert into {{ target }} by name select * from {{ made }} semi join {{ changed(name) }} using ({{ keys }});
{%- endif %}
drop table "{{ name }}__were";
{%- if before or compared and model.columns | length > 5 %}
drop table "{{ name }}__places";
{%- endif %}
{%- endif %}
{%- endmacro %}

{#- The old rows of a model of few columns for its touched keys, with their place, in a table of the connection: for a model that reads
    what it said before, or has all that can be touched `at_hand`, with places. -#}
{% macro old_rows(keys, columns, at_hand=none) -%}
  {%- if not is_idle(this.identifier) -%}
    {%- call statement('were', auto_begin=false) -%}
create or replace temp table "{{ this.identifier }}__were" as
{{ touched_rows(at_hand or this, '*' if at_hand else 'rowid as place, *', keys, columns) }}
    {%- endcall -%}
    {#- Where gaps are closed, a place may be another one by the time that the row is taken out. -#}
    {%- if not var('tidies', false) -%}{%- do note(this.identifier ~ '__were', true) -%}{%- endif -%}
  {%- endif -%}
  {{ return('"' ~ this.identifier ~ '__were"') }}
{%- endmacro %}

{#- The touched keys that a model can have rows of: where it goes by the records of another, those that were there before. -#}
{% macro old_keys(name, meta) -%}
  {%- set records = meta.get('records_of', '') -%}
  {%- if not is_told(records ~ '__made') -%}{{ return(touched(name)) }}{%- endif -%}
  {%- set of_records = graph.nodes['model.' ~ project_name ~ '.' ~ records].config -%}
  {%- set key = of_records.meta.get('numbered') or of_records.unique_key -%}
  {%- set other, before = ' semi join ' ~ changed(records) ~ ' using (' ~ key ~ ')', ' anti join changed."' ~ records ~ '__before" using (' ~ key ~ ')' -%}
  {%- set new = 'select ' ~ key ~ ' from ' ~ made_rows(records) ~ other ~ before -%}
  {{ return('(select key from ' ~ touched(name) ~ ' where key not in (' ~ new ~ '))') }}
{%- endmacro %}

{#- The rows of a relation that are touched in any of several columns. -#}
{% macro touched_rows(relation, said, keys, columns) -%}
  {{ return('select ' ~ said ~ ' from ' ~ relation ~ ' where ' ~ is_touched(keys, columns)) }}
{%- endmacro %}

{#- At the end of a run: what only its models had to see goes, before it would be compressed and written to the file. -#}
{% macro forget_made() -%}
  {%- if execute and var('new_files', none) is not none -%}
    {%- set listed = "select table_name from duckdb_tables() where schema_name = 'changed'" -%}
    {%- for name in run_query(listed).columns[0].values() if name.endswith('__made') or name.endswith('__before') or name.endswith('__touched') %}
drop table changed."{{ name }}";
    {%- endfor -%}
  {%- endif -%}
{%- endmacro %}
