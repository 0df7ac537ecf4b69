{#- Puts the rows made anew in the place of those they replace, row by row only where they differ, and notes the keys of what is
    other, new or gone as changed.<model> (with the old rows as changed.<model>__before) for the models below.
    The old rows are found by their keys once and from then on known by their place; only where there are some they are read whole: in
    a long table that costs more than all that follows. Where even that is dear and nobody asks for the old rows,
    `meta: {compared: false}` takes all that is touched for changed. -#}
{% macro put_touched(target, made, narrowed, untouched) -%}
{%- set name, unique, meta = this.identifier, model.config.unique_key, model.config.meta -%}
{%- set key = [unique] if unique is string else unique -%}
{%- set keys = key | join(', ') -%}
{%- set touched_rows = is_touched(touched(name) if narrowed else none, meta.get('touched_on', key)) -%}
{%- if untouched %}
create or replace table {{ changed(name) }} as select {{ keys }} from {{ target }} limit 0;
create or replace table changed."{{ name }}__before" as from {{ target }} limit 0;
{%- else %}
create or replace temp table "{{ name }}__places" as select rowid as place, {{ keys }} from {{ target }} where {{ touched_rows }};
{%- if not meta.get('compared', true) %}
create or replace table {{ changed(name) }} as
select {{ keys }} from "{{ name }}__places" union select {{ keys }} from {{ made }};
delete from {{ target }} where rowid in (select place from "{{ name }}__places");
insert into {{ target }} by name select * from {{ made }};
{%- else %}
create or replace temp table "{{ name }}__were" as from {{ target }} where rowid in (select place from "{{ name }}__places");
create or replace table {{ changed(name) }} as
select distinct {{ keys }}
from (
    (from "{{ name }}__were" except from {{ made }})
    union all
    (from {{ made }} except from "{{ name }}__were")
) as differing;
create or replace table changed."{{ name }}__before" as
from "{{ name }}__were" semi join {{ changed(name) }} using ({{ keys }});
delete from {{ target }}
where rowid in (select place from "{{ name }}__places" semi join {{ changed(name) }} using ({{ keys }}));
insert into {{ target }} by name select * from {{ made }} semi join {{ changed(name) }} using ({{ keys }});
drop table "{{ name }}__were";
{%- endif %}
drop table "{{ name }}__places";
{%- endif %}
{%- endmacro %}
