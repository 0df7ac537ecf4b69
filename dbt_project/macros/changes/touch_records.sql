{#- The records of a domain that changed staged records touch. Each conformed model says in its own `touched_by` how the changed
    keys of a staged model become its own; a staged model that one of its readers does not name makes all records anew. -#}
{% macro touch_records(domain) -%}
  {%- if not incrementally() -%}{{ return(none) }}{%- endif -%}
  {%- set ways, unsaid = {}, [] -%}
  {%- for node in graph.nodes.values() if node.resource_type == 'model' and node.name.startswith('conformed_' ~ domain ~ '__') -%}
    {%- set said = node.config.meta.get('touched_by', {}) -%}
    {%- for parent in node.depends_on.nodes if graph.nodes[parent].fqn[1] == 'staging' -%}
      {%- set name = graph.nodes[parent].name -%}
      {%- if name in said -%}
        {%- do ways.setdefault(name, []).append(touch_way(said[name])) -%}
      {%- else -%}
        {%- do unsaid.append(name) -%}
      {%- endif -%}
    {%- endfor -%}
  {%- endfor -%}
  {%- set keys = {} -%}
  {%- for name, queries in ways.items() if name not in unsaid -%}
    {%- do keys.update({name: queries | unique | join(' union all ')}) -%}
  {%- endfor -%}
  {{ return(touch(keys)) }}
{%- endmacro %}

{#- The records whose originals may be others: those that changed, and all once Assay has written something. A pre-hook. -#}
{% macro touch_originals(keys) -%}
  {%- if incrementally() and 'ledger/receipts' not in var('new_files') -%}{%- do touch(keys) -%}{%- endif -%}
{%- endmacro %}
