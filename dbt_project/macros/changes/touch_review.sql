{#- The records of clusters about which there may be another question now: because of who is in them, or what was said of a pair. -#}
{% macro touch_review(domain) -%}
  {%- set name = 'matched_' ~ domain ~ '__' -%}
  {%- set clusters, refused = 'matched.' ~ name ~ 'clusters', 'matched.' ~ name ~ 'contradictions' -%}
  {%- set of_clusters = 'select record_id from ' ~ clusters ~ ' where cluster_id in ' -%}
  {%- set of_pairs -%}
    {{ of_clusters }} (
      select cluster_id
      from (select unnest([left_no, right_no]) as record_no from {changed})
      inner join matched.{{ name }}evidence using (record_no)
      inner join {{ clusters }} using (record_id)
    )
  {%- endset -%}
  {{ return(touch({
    name ~ 'clusters': of_clusters ~ '(select cluster_id from {changed}) union all select unnest([record_id, cluster_id]) from {changed}',
    name ~ 'comparisons': of_pairs,
    name ~ 'scores': of_pairs,
    name ~ 'within': of_pairs,
    name ~ 'vetoes': of_pairs,
    name ~ 'decisions': of_pairs,
    name ~ 'contradictions': 'select component_id from ' ~ refused ~ ' union all select component_id from changed.' ~ name ~ 'contradictions__before',
    name ~ 'evidence': 'select cast(null as varchar) from {changed} where false',
  })) }}
{%- endmacro %}
