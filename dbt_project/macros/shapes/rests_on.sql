{#- Per golden id: the units (pos/S017, shopify) and the records that the surviving values of some attributes rest on;
    `but` narrows the rows of provenance down. -#}
{% macro rests_on(provenance, golden_id, attributes, but='true') -%}
select
    {{ golden_id }} as golden_id,
    {{ sorted_set("case when unit is null then system else system || '/' || unit end") }} as units,
    {{ sorted_set('record_id') }} as record_ids
from {{ provenance }}
where attribute in ('{{ attributes | join("', '") }}') and {{ but }}
group by {{ golden_id }}
{%- endmacro %}

{#- The distinct values of a group as an ordered list. -#}
{% macro sorted_set(value) -%}
  {{ return(adapter.dispatch('sorted_set')(value)) }}
{%- endmacro %}

{% macro default__sorted_set(value) -%}
list_sort(list_distinct(list({{ value }})))
{%- endmacro %}

{% macro spark__sorted_set(value) -%}
array_sort(collect_set({{ value }}))
{%- endmacro %}
