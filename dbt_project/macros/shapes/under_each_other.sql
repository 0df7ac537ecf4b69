{#- The rows of relations of one shape under each other. Those of a system that has never landed anything are left out: this build
    did not make them (pipelines/unheard.py). -#}
{% macro under_each_other(relations) -%}
{%- for relation in relations | sort(attribute='identifier') if relation.identifier not in var('unheard', []) %}
select * from {{ relation }}
{%- if not loop.last %} union all{% endif %}
{%- endfor %}
{%- endmacro %}
