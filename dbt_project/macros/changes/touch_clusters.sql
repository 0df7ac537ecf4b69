{#- The records whose component may be another one now: those that changed, and whoever hung or hangs together with them by any
    chain of links. A pre-hook. -#}
{% macro touch_components(domain) -%}
  {%- set name = 'matched_' ~ domain ~ '__' -%}
  {%- set both = 'select unnest([left_no, right_no]) from {changed}' -%}
  {%- if incrementally() -%}
    {%- set keys = touch({name ~ 'evidence': 'record_no', name ~ 'scores': both, name ~ 'decisions': both}) -%}
    {%- set links -%}
      select left_no, right_no from {{ ref(name ~ 'scores') }} where bits > {{ threshold_bits(domain, 'start') }}
      union all
      select left_no, right_no from {{ ref(name ~ 'decisions') }} where decision = 'must'
    {%- endset -%}
    {%- set reach -%}
      with mates as (
        select record_no from {{ this }} where component_no in (select component_no from {{ this }} where record_no in (select key from {{ keys }}))
        union
        select key from {{ keys }}
      ),
      linked as (
        select left_no as record_no from ({{ links }}) where right_no in (select record_no from mates)
        union
        select right_no from ({{ links }}) where left_no in (select record_no from mates)
        union
        select record_no from mates
      )
      insert into {{ keys }} select record_no from linked anti join {{ keys }} as known on record_no = key
    {%- endset -%}
    {%- set size = 'select count(*) from ' ~ keys -%}
    {%- set sizes = [0] -%}
    {%- for _ in range(1000) if keys is not none and sizes[-1] != sizes[-2] -%}
      {%- do run_query(reach) -%}
      {%- do sizes.append(run_query(size).rows[0][0]) -%}
    {%- endfor -%}
  {%- endif -%}
{%- endmacro %}

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

{#- The components whose pairs may be others now, or say something else. -#}
{% macro touch_within(domain) -%}
  {%- set name = 'matched_' ~ domain ~ '__' -%}
  {%- set components = 'matched.' ~ name ~ 'components' -%}
  {%- set of_pairs = 'select component_no from {changed} inner join ' ~ components ~ ' on left_no = record_no' -%}
  {{ return(touch({
    name ~ 'components': 'component_no',
    name ~ 'evidence': 'select component_no from {changed} inner join ' ~ components ~ ' using (record_no)',
    name ~ 'scores': of_pairs,
    name ~ 'decisions': of_pairs,
  })) }}
{%- endmacro %}

{#- The records whose id may be another one now; pipelines/known_ids.py finds what hangs together with them. A pre-hook. -#}
{% macro touch_ids(domain) -%}
  {%- set name = 'matched_' ~ domain ~ '__' -%}
  {%- if incrementally() -%}
    {%- do touch({
      name ~ 'clusters': 'record_id',
      name ~ 'groups': 'record_id',
      name ~ 'originals': 'record_id',
      name ~ 'decisions': 'select cast(null as varchar) from {changed} where false',
    }) -%}
  {%- endif -%}
{%- endmacro %}
