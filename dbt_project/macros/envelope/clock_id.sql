{#- Which unit's clock, and when: arrivals of ten minutes share one. `shift` names a neighbour, in tens of minutes. -#}
{% macro clock_id(arrived_at, shift=0) -%}
_unit || '@' || strftime(time_bucket(interval 10 minutes, {{ arrived_at }}) + interval '{{ shift * 10 }} minutes', '%Y%m%dT%H%M')
{%- endmacro %}
