{#- What a test has to look at: after a build of what changed, of an incremental model only the rows that are other or new now;
    everything else passed before. A test that failed then looks at everything until it passes. -#}
{% macro rows_to_test(relation) -%}
  {%- if not tests_changes() -%}{{ return(none) }}{%- endif -%}
  {%- set node = graph.nodes.get('model.' ~ project_name ~ '.' ~ relation.identifier) -%}
  {%- if not node or node.config.materialized != 'incremental' -%}{{ return(none) }}{%- endif -%}
  {%- set key = [node.config.unique_key] if node.config.unique_key is string else node.config.unique_key -%}
  {{ return('(select * from ' ~ relation ~ ' semi join ' ~ changed(node.name) ~ ' using (' ~ key | join(', ') ~ '))') }}
{%- endmacro %}

{#- As `touch`, for a test of several models: the keys of what it has to look at, as a query in brackets. -#}
{% macro keys_to_test(keys) -%}
  {%- if not tests_changes() -%}{{ return(none) }}{%- endif -%}
  {%- set parts = [] -%}
  {%- for name in changed_inputs(model.unique_id) -%}
    {%- if name not in keys -%}{{ return(none) }}{%- endif -%}
    {%- do parts.append(touch_way(keys[name]).replace('{changed}', changed(name))) -%}
  {%- endfor -%}
  {{ return('(select key from (' ~ (parts or ['select cast(null as varchar) where false']) | join(' union all ') ~ ') as found (key))') }}
{%- endmacro %}

{% macro tests_changes() -%}
  {{ return(execute and var('new_files', none) is not none and model.name not in var('tested_whole', [])) }}
{%- endmacro %}
