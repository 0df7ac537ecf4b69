{#- The records whose component may be another one now: those that changed, and whoever hung or hangs together with them by any
    chain of links. A link stays within a component but where that was too large: the records on both its sides say so. A pre-hook. -#}
{% macro touch_components(domain) -%}
  {%- set name = 'matched_' ~ domain ~ '__' -%}
  {%- set both, start = 'select unnest([left_no, right_no]) from ', declared(domain, 'cluster.start_bits') -%}
  {%- if incrementally() -%}
    {%- set keys = touch({
      name ~ 'evidence': 'record_no',
      name ~ 'scores': both ~ 'changed."' ~ name ~ 'scores__before" where bits > ' ~ start
        ~ ' union all ' ~ both ~ made_rows(name ~ 'scores') ~ ' semi join {changed} using (left_no, right_no) where bits > ' ~ start,
      name ~ 'decisions': both ~ '{changed}',
    }) -%}
    {%- set mates -%}
      insert into {{ keys }}
      select record_no from {{ this }}
      where component_no in (select component_no from {{ this }} where record_no in (select key from {{ keys }}))
      and record_no not in (select key from {{ keys }})
    {%- endset -%}
    {%- set leading_out = '(select record_no from ' ~ this ~ ' where leads_out and record_no in (select key from ' ~ keys ~ '))' -%}
    {%- set linked -%}
      insert into {{ keys }}
      select distinct record_no
      from (
        select right_no as record_no from {{ ref(name ~ 'scores') }} where bits > {{ start }} and left_no in {{ leading_out }}
        union all
        select left_no from {{ ref(name ~ 'scores') }} where bits > {{ start }} and right_no in {{ leading_out }}
      )
      where record_no not in (select key from {{ keys }})
    {%- endset -%}
    {%- set size = 'select count(*) from ' ~ keys -%}
    {%- set sizes = [0] -%}
    {%- for _ in range(1000) if keys is not none and sizes[-1] != sizes[-2] -%}
      {%- do run_query(mates) -%}
      {%- do sizes.append(run_query(size).rows[0][0]) -%}
      {%- if has_rows(leading_out) -%}
        {%- do run_query(linked) -%}
        {%- do sizes.append(run_query(size).rows[0][0]) -%}
      {%- else -%}
        {%- do sizes.append(sizes[-1]) -%}
      {%- endif -%}
    {%- endfor -%}
  {%- endif -%}
{%- endmacro %}

{#- The records of components that changed, in themselves or in the pairs inside them, and those that left one. A pre-hook. -#}
{% macro touch_clusters(domain) -%}
  {%- set components, within = ref('matched_' ~ domain ~ '__components'), ref('matched_' ~ domain ~ '__within') -%}
  {%- set of_components = 'select record_id from ' ~ components ~ ' where component_no in (select component_no from {changed}' -%}
  {%- if incrementally() -%}
    {#- Both are looked for at once. -#}
    {%- set moved, said = told().get(components.identifier), told().get(within.identifier) -%}
    {%- set or_said = ' union all select component_no from ' ~ changed(within.identifier) if said else '' -%}
    {%- do touch({
      components.identifier: of_components ~ or_said ~ ') union all select record_id from changed."' ~ components.identifier ~ '__before"',
      within.identifier: 'select cast(null as varchar) from {changed} where false' if moved else of_components ~ ')',
    }) -%}
  {%- endif -%}
{%- endmacro %}

{#- The components whose pairs may be others now, or say something else: a pair across two says nothing of either. -#}
{% macro touch_within(domain) -%}
  {%- set name = 'matched_' ~ domain ~ '__' -%}
  {%- set components = 'matched.' ~ name ~ 'components' -%}
  {%- set anew = made_rows(name ~ 'components') if incrementally() and is_told(name ~ 'components__made') else components -%}
  {#- Their records are looked up first: two joins with all components would cost more. -#}
  {%- set of_pairs -%}
    select component_no
    from (select left_no, right_no, unnest([left_no, right_no]) as record_no from {changed})
    inner join (
      select record_no, component_no from {{ components }} where record_no in (select unnest([left_no, right_no]) from {changed})
    ) using (record_no)
    group by left_no, right_no, component_no
    having count(*) = 2
  {%- endset -%}
  {%- set of_records = 'select component_no from ' ~ anew ~ ' where record_no in (select record_no from {changed})' -%}
  {#- A word that came since stands in texts that changed; weights are learnt anew with the model alone. -#}
  {{ return(touch({
    name ~ 'components': 'component_no',
    name ~ 'evidence': of_records,
    name ~ 'bags': of_records,
    name ~ 'words': of_records,
    name ~ 'repeats': of_records,
    name ~ 'word_weights': 'select null from {changed} where false',
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
