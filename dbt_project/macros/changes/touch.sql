{#- Cost follows change. After the first build a model with `materialized: incremental` and `incremental_strategy: touched` looks at
    what its inputs changed in this build (changed.<model>, the keys of rows that are other, new or gone) and makes anew only the
    rows that those touch. `touch` says which keys they are: `keys` maps an input to how its changed keys become keys of this model,
    a column or a query over {changed}. An input that changed and is not in `keys` makes everything anew: slower, never stale.
    Outside of an incremental build all of this is silent and the model is made whole. -#}
{% macro touch(keys) -%}
  {%- if not incrementally() -%}{{ return(none) }}{%- endif -%}
  {%- set parts = [] -%}
  {%- for name in changed_inputs(model.unique_id) -%}
    {%- if name not in keys -%}{{ return(none) }}{%- endif -%}
    {%- do parts.append(touch_way(keys[name]).replace('{changed}', changed(name))) -%}
  {%- endfor -%}
  {{ return(touch_keys(parts)) }}
{%- endmacro %}

{#- A column of {changed}, or a query over it, as a query. -#}
{% macro touch_way(way) -%}
  {{ return(way if ' ' in way else 'select ' ~ way ~ ' from {changed}') }}
{%- endmacro %}

{#- Of the changed rows of an input the keys of those that are other, new or gone in some columns. -#}
{% macro said_otherwise(name, key, columns) -%}
  {%- set now = 'select ' ~ columns ~ ' from ' ~ made_rows(name) ~ ' semi join {changed} using (' ~ key ~ ')' -%}
  {%- set before = 'select ' ~ columns ~ ' from changed."' ~ name ~ '__before"' -%}
  {{ return('select ' ~ key ~ ' from ((' ~ now ~ ' except ' ~ before ~ ') union all (' ~ before ~ ' except ' ~ now ~ ')) as differing') }}
{%- endmacro %}

{#- Notes the keys that the queries in `parts` find as those to make anew; returns where they stand. -#}
{% macro touch_keys(parts) -%}
  {%- if not incrementally() -%}{{ return(none) }}{%- endif -%}
  {%- set columns = model.config.meta.get('touched_on') or model.config.unique_key -%}
  {%- set column = columns if columns is string else columns[0] -%}
  {%- set found = parts | join('\nunion all\n') if parts else 'select ' ~ column ~ ' from ' ~ this ~ ' where false' -%}
  {%- call statement('touched', auto_begin=false) -%}
    create or replace table {{ touched(this.identifier) }} as select distinct key from ({{ found }}) as found (key) where key is not null
  {%- endcall -%}
  {%- do note(this.identifier ~ '__touched', parts | length > 0) -%}
  {{ return(touched(this.identifier)) }}
{%- endmacro %}

{#- The condition that narrows rows down to touched keys; true where everything is made. -#}
{% macro is_touched(keys, columns) -%}
  {%- if keys is none -%}{{ return('true') }}{%- endif -%}
  {%- set parts = [] -%}
  {%- for column in ([columns] if columns is string else columns) -%}
    {%- do parts.append(column ~ ' in (select key from ' ~ keys ~ ')') -%}
  {%- endfor -%}
  {{ return('(' ~ parts | join(' or ') ~ ')') }}
{%- endmacro %}

{#- A relation, or of it only the rows that are touched: out of what this build made anew of it, if all of them are there. -#}
{% macro narrowed(relation, keys, column) -%}
  {%- if keys is none -%}{{ return(relation) }}{%- endif -%}
  {%- set rows = made_rows(relation.identifier) if holds_anew(relation.identifier, keys, column) else relation -%}
  {{ return('(select * from ' ~ rows ~ ' where ' ~ is_touched(keys, column) ~ ')') }}
{%- endmacro %}

{#- Whether this build made every row anew that a model has for these values of a column, or in any of several columns. The column of
    `meta: {numbered: …}` names a row as its key does, so that who changed tells of it. -#}
{% macro holds_anew(name, keys, column) -%}
  {%- set node = graph.nodes.get('model.' ~ project_name ~ '.' ~ name) -%}
  {%- if not node or node.config.materialized != 'incremental' or not is_told(name ~ '__made') -%}{{ return(false) }}{%- endif -%}
  {%- set columns = node.config.meta.get('touched_on') or node.config.unique_key -%}
  {%- set columns = [columns] if columns is string else columns -%}
  {%- if column == node.config.meta.get('numbered') -%}
    {{ return(not has_rows('(select key from ' ~ keys ~ ' anti join ' ~ changed(name) ~ ' on key = ' ~ column ~ ')')) }}
  {%- endif -%}
  {%- for each in ([column] if column is string else column) if each not in columns -%}{{ return(false) }}{%- endfor -%}
  {%- if not is_told(name ~ '__touched') -%}{{ return(false) }}{%- endif -%}
  {{ return(not has_rows('(select key from ' ~ keys ~ ' anti join ' ~ touched(name) ~ ' using (key))')) }}
{%- endmacro %}

{#- Whether this run makes only what changed: pipelines/changes.py says so, when the last build was complete and of the same rules. -#}
{% macro incrementally() -%}
  {{ return(execute and var('new_files', none) is not none and is_incremental()) }}
{%- endmacro %}

{% macro changed(name) -%}{{ return('changed."' ~ name ~ '"') }}{%- endmacro %}

{% macro touched(name) -%}{{ return('changed."' ~ name ~ '__touched"') }}{%- endmacro %}

{#- The nearest incremental models above a model that changed something in this build. A table that is made whole each time says
    nothing of what it changed: it stands for all that changed above it, under its own name. -#}
{% macro changed_inputs(unique_id) -%}
  {%- set found, waiting, seen = [], [(unique_id, none)], [] -%}
  {%- for _ in range(1000) if waiting -%}
    {%- set id, opaque = waiting.pop() -%}
    {%- for parent in graph.nodes[id].depends_on.nodes if parent in graph.nodes and graph.nodes[parent].resource_type == 'model' and (parent, opaque) not in seen -%}
      {%- do seen.append((parent, opaque)) -%}
      {%- set node = graph.nodes[parent] -%}
      {%- if node.config.materialized == 'incremental' -%}
        {%- if told().get(node.name) -%}{%- do found.append(opaque or node.name) -%}{%- endif -%}
      {%- else -%}
        {%- do waiting.append((parent, opaque or (none if node.config.materialized == 'view' else node.name))) -%}
      {%- endif -%}
    {%- endfor -%}
  {%- endfor -%}
  {{ return(found | unique | list) }}
{%- endmacro %}

{% macro has_rows(relation) -%}
  {{ return(run_query('select 1 from ' ~ relation ~ ' limit 1').rows | length > 0) }}
{%- endmacro %}

{#- For a model that rests on all rows at once, or on nothing new: true if none of its inputs changed anything that `keys`, as in
    `touch`, asks about; it then stays as it is. Otherwise it is made whole. -#}
{% macro stays(keys={}) -%}
  {%- if not incrementally() -%}{{ return(false) }}{%- endif -%}
  {%- set found = touch(keys) -%}
  {%- if found is none -%}{{ return(false) }}{%- endif -%}
  {%- if not has_rows(found) -%}{{ return(true) }}{%- endif -%}
  {%- do run_query('drop table ' ~ found) -%}
  {%- do told().pop(this.identifier ~ '__touched') -%}
  {{ return(false) }}
{%- endmacro %}

{#- The rows of a model that stays as it is: none is made. -#}
{% macro no_rows() -%}select * from {{ this }} where false{%- endmacro %}

{#- The same as the pre-hook of a Python model, which asks `changes.stays`. -#}
{% macro touch_nothing() -%}{%- do stays() -%}{%- endmacro %}
