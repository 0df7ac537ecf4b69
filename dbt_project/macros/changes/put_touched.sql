{#- Puts the rows made anew in the place of those they replace, row by row only where they differ, and notes the keys of what is
    other, new or gone as changed.<model> (with the old rows as changed.<model>__before) for the models below.
    The old rows are looked for once: in a long table that costs more than all that follows. Where even that is dear and nobody asks
    for the old rows, `meta: {compared: false}` takes all that is touched for changed. -#}
{% macro put_touched(target, made, narrowed, untouched) -%}
{%- set name, unique, meta = this.identifier, model.config.unique_key, model.config.meta -%}
{%- set key = [unique] if unique is string else unique -%}
{%- set keys = key | join(', ') -%}
{%- set touched_rows = is_touched(touched(name) if narrowed else none, meta.get('touched_on', key)) -%}
{%- if untouched %}
create or replace table {{ changed(name) }} as select {{ keys }} from {{ target }} limit 0;
create or replace table changed."{{ name }}__before" as from {{ target }} limit 0;
{%- elif not meta.get('compared', true) %}
create or replace table {{ changed(name) }} as
select {{ keys }} from {{ target }} where {{ touched_rows }} union select {{ keys }} from {{ made }};
delete from {{ target }} where {{ touched_rows }};
insert into {{ target }} by name select * from {{ made }};
{%- else %}
create or replace temp table "{{ name }}__were" as from {{ target }} where {{ touched_rows }};
create or replace table {{ changed(name) }} as
select distinct {{ keys }}
from (
    (from "{{ name }}__were" except from {{ made }})
    union all
    (from {{ made }} except from "{{ name }}__were")
) as differing;
create or replace table changed."{{ name }}__before" as
from "{{ name }}__were" semi join {{ changed(name) }} using ({{ keys }});
delete from {{ target }} as gone using {{ changed(name) }} as listed
where {% for column in key %}gone.{{ column }} = listed.{{ column }}{{ ' and ' if not loop.last }}{% endfor %};
insert into {{ target }} by name select * from {{ made }} semi join {{ changed(name) }} using ({{ keys }});
drop table "{{ name }}__were";
{%- endif %}
{%- endmacro %}
