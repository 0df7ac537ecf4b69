{#- Instead of dbt's own: a build is one of everything, which makes the table anew, or one of what changed. The rules of that one are
    those of the build before, so columns, types and contract need no second look; where nothing is touched, no query of the model runs. -#}
{% materialization incremental, adapter='duckdb', supported_languages=['sql', 'python'] -%}
  {%- set target, language = this.incorporate(type='table'), model.language -%}
  {%- set whole = not incrementally() -%}
  {%- set made = make_intermediate_relation(target) if whole else make_temp_relation(target) -%}
  {%- if whole -%}
    {%- do drop_relation_if_exists(load_cached_relation(made)) -%}
  {%- endif -%}
  {{ run_hooks(pre_hooks, inside_transaction=False) }}
  {{ run_hooks(pre_hooks, inside_transaction=True) }}
  {%- set idle = not whole and is_idle(this.identifier) -%}
  {%- if whole or language == 'python' and not idle -%}
    {%- call statement('main' if whole else 'made', language=language) -%}
      {{ create_table_as(not whole, made, compiled_code if language == 'python' else laid_first(compiled_code), language) }}
    {%- endcall -%}
  {%- endif -%}
  {%- if whole -%}
    {%- do drop_relation_if_exists(load_cached_relation(this)) -%}
    {%- do adapter.rename_relation(made, target) -%}
  {%- else -%}
    {%- if language == 'python' and not idle -%}{%- do note_touched(this.identifier) -%}{%- endif -%}
    {%- set narrowed = is_told(this.identifier ~ '__touched') -%}
    {%- set untouched = idle or narrowed and not has_rows(touched(this.identifier)) -%}
    {%- call statement('main') -%}
create or replace table {{ made_rows(this.identifier) }} as from {{ target }} limit 0;
      {%- if language == 'python' and not idle %}
insert into {{ made_rows(this.identifier) }} by name from {{ made }};
      {%- elif not untouched %}
insert into {{ made_rows(this.identifier) }} by name (
{{ compiled_code }}
);
      {%- endif %}
{{ put_touched(target, made_rows(this.identifier), narrowed, untouched) }}
    {%- endcall -%}
    {%- do note(this.identifier ~ '__made', true) -%}
    {%- do note(this.identifier, not untouched and has_rows(changed(this.identifier))) -%}
  {%- endif -%}
  {{ run_hooks(post_hooks, inside_transaction=True) }}
  {%- do adapter.commit() -%}
  {{ run_hooks(post_hooks, inside_transaction=False) }}
  {{ return({'relations': [target]}) }}
{%- endmaterialization %}

{#- Where the new rows of a model stand before they are put in the place of the old ones. -#}
{% macro made_rows(name) -%}{{ return('changed."' ~ name ~ '__made"') }}{%- endmacro %}

{#- A query whose rows lie in a table of the connection before what is around it is planned, where everything is made: of a table DuckDB
    knows how many rows there are, and what it expects of a join within a join may be so wrong that it hashes the larger side. -#}
{% macro lay_first(query) -%}/* first */ {{ query }} /* then */{%- endmacro %}

{#- A model's code without what is to lie in a table before, which is made now. -#}
{% macro laid_first(code) -%}
  {%- set parts = modules.re.split('/\\* (?:first|then) \\*/', code) -%}
  {%- if parts | length == 1 -%}{{ return(code) }}{%- endif -%}
  {%- call statement('first', auto_begin=false) -%}
create or replace temp table laid_first as {{ parts[1] }}
  {%- endcall -%}
  {{ return(parts[0] ~ 'from laid_first' ~ parts[2]) }}
{%- endmacro %}
