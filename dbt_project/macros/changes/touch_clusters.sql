{#- The records of components that changed, in themselves or in the pairs inside them, and those that left one. A pre-hook. -#}
{% macro touch_clusters(domain) -%}
  {%- set components, within = ref('matched_' ~ domain ~ '__components'), ref('matched_' ~ domain ~ '__within') -%}
  {%- set of_components = 'select record_id from ' ~ components ~ ' where component_no in ' -%}
  {%- if incrementally() -%}
    {%- do touch({
      components.identifier: of_components ~ '(select component_no from {changed}) union all select record_id from changed."' ~ components.identifier ~ '__before"',
      within.identifier: of_components ~ '(select component_no from {changed})',
    }) -%}
  {%- endif -%}
{%- endmacro %}
