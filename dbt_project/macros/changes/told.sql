{#- What this build has told so far: the names of tables in the schema `changed`, and whether they hold rows. Kept in the graph that all
    nodes of a run share, for a look into the catalogue at every turn costs more than most models of a build of what changed. -#}
{% macro told() -%}
  {%- if 'told' not in graph -%}
    {%- set found, asked = {}, [] -%}
    {%- for name in run_query("select table_name from duckdb_tables() where schema_name = 'changed'").columns[0].values() -%}
      {%- do found.update({name: false}) -%}
      {%- do asked.append("(select '" ~ name ~ "' as name from " ~ changed(name) ~ ' limit 1)') -%}
    {%- endfor -%}
    {%- for name in (run_query(asked | join(' union all ')).columns[0].values() if asked else []) -%}
      {%- do found.update({name: true}) -%}
    {%- endfor -%}
    {%- do graph.setdefault('told', found) -%}
  {%- endif -%}
  {{ return(graph['told']) }}
{%- endmacro %}

{#- Whether this build has noted something under a name. -#}
{% macro is_told(name) -%}{{ return(name in told()) }}{%- endmacro %}

{#- Whether a model looks at nothing in this build, for none of what it reads changed. -#}
{% macro is_idle(name) -%}{{ return(told().get(name ~ '__touched') == false) }}{%- endmacro %}

{% macro note(name, has_rows) -%}{%- do told().update({name: has_rows}) -%}{%- endmacro %}

{#- Python models note touched keys and forget them where no macro sees it. -#}
{% macro note_touched(name) -%}
  {%- set listed = "select 1 from duckdb_tables() where schema_name = 'changed' and table_name = '" ~ name ~ "__touched'" -%}
  {%- if run_query(listed).rows -%}{%- do note(name ~ '__touched', true) -%}{%- else -%}{%- do told().pop(name ~ '__touched', none) -%}{%- endif -%}
{%- endmacro %}
