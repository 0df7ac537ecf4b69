{#- Puts the rows made anew in the place of those they replace, row by row only where they differ, and notes the keys of what is
    other, new or gone as changed.<model> (with the old rows as changed.<model>__before) for the models below. -#}
{% macro get_incremental_touched_sql(given) -%}
{%- set target, made = given.target_relation, given.temp_relation -%}
{%- set columns = given.dest_columns | map(attribute='quoted') | join(', ') -%}
{%- set key = [given.unique_key] if given.unique_key is string else given.unique_key -%}
{%- if not incrementally() or not key %}
delete from {{ target }};
insert into {{ target }} ({{ columns }}) select {{ columns }} from {{ made }};
{%- else %}
{%- set on = model.config.meta.get('touched_on', key) -%}
{%- set narrowed = run_query("select 1 from information_schema.tables where table_schema = 'changed' and table_name = '" ~ this.identifier ~ "__touched'").rows | length > 0 -%}
{%- set name = this.identifier -%}
{%- if narrowed and not has_rows(touched(name)) %}
create or replace table {{ changed(name) }} as select {{ key | join(', ') }} from {{ target }} where false;
create or replace table changed."{{ name }}__before" as select {{ columns }} from {{ target }} where false;
{%- else %}
create or replace table {{ changed(name) }} as
with before_rows as (
    select {{ columns }} from {{ target }} where {{ is_touched(touched(name) if narrowed else none, on) }}
),

made_rows as (
    select {{ columns }} from {{ made }}
)

select distinct {{ key | join(', ') }}
from (
    (select * from before_rows except select * from made_rows)
    union all
    (select * from made_rows except select * from before_rows)
) as differing;
create or replace table changed."{{ name }}__before" as
select {{ columns }} from {{ target }} semi join {{ changed(name) }} using ({{ key | join(', ') }});
delete from {{ target }} as gone using {{ changed(name) }} as listed
where {% for column in key %}gone.{{ column }} = listed.{{ column }}{{ ' and ' if not loop.last }}{% endfor %};
insert into {{ target }} ({{ columns }})
select {{ columns }} from {{ made }} semi join {{ changed(name) }} using ({{ key | join(', ') }});
{%- endif %}
{%- endif %}
{%- endmacro %}
