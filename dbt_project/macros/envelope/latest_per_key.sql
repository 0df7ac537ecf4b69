{#- The newest version of each record of a stream, by the source's clock; a deleted record keeps its last content.
    An event cannot follow its extraction: a source clock that runs ahead is cut off there. Where `arrived_at` names the column in
    which the source's own database stamped the arrival, `clocks` says by how much each unit's clock ran ahead then. -#}
{% macro latest_per_key(relation, columns=['_payload'], arrived_at=none, clocks=none) -%}
{%- set clock = clock_id(arrived_at) if clocks else none -%}
{%- set keys = touch_landed(relation, clocks, clock) -%}
select
    _system || ':' || _source_key as record_id,
    _system as system,
    _source_key as source_key,
    _unit as unit,
    _load_id as load_id,
    seen_at as event_at,
    _extracted_at as extracted_at,
    is_gone as is_deleted,
    {{ columns | join(',\n    ') }}
from (
    select
        *,
        first_value(_deleted) over (
            partition by _source_key order by seen_at desc, _load_id desc, _extracted_at desc, _payload_hash
        ) as is_gone,
        row_number() over (
            partition by _source_key order by _deleted, seen_at desc, _load_id desc, _extracted_at desc, _payload_hash
        ) as newest
    from (
        select
            *,
            least(coalesce(_event_at{{ ' - to_microseconds(coalesce(ahead_us, 0)), ' ~ arrived_at if clocks }}, _extracted_at), _extracted_at) as seen_at
        from {{ relation }}
        {%- if clocks %}
        left join {{ clocks }} as clocks on clocks.clock_id = {{ clock }}
        {%- endif %}
        where {{ is_touched(keys, "_system || ':' || _source_key") }}
    ) as dated
) as versions
where newest = 1
{%- endmacro %}

{#- The records that loads since the last build speak of, and those that arrived under a clock that is judged anew. -#}
{% macro touch_landed(relation, clocks=none, clock=none) -%}
  {%- if not incrementally() -%}{{ return(none) }}{%- endif -%}
  {%- set key, parts = "_system || ':' || _source_key", [] -%}
  {%- set files = new_files_of(relation) -%}
  {%- if files -%}{%- do parts.append('select ' ~ key ~ ' from ' ~ files) -%}{%- endif -%}
  {%- if clocks and clocks.identifier in changed_inputs(model.unique_id) -%}
    {%- do parts.append('select ' ~ key ~ ' from ' ~ relation ~ ' where ' ~ clock ~ ' in (select clock_id from ' ~ changed(clocks.identifier) ~ ')') -%}
  {%- endif -%}
  {{ return(touch_keys(parts)) }}
{%- endmacro %}

{#- What landed in a stream since the last build, as something to select from; empty if nothing did. -#}
{% macro new_files_of(relation) -%}
  {%- set files = var('new_files').get(relation.schema ~ '/' ~ relation.identifier, []) -%}
  {{ return("read_parquet(['" ~ files | join("', '") ~ "'], union_by_name = true)" if files else '') }}
{%- endmacro %}

{#- The envelope's columns under their later names, as every staging and conformed model begins. -#}
{% macro envelope(alias=none) -%}
{%- set prefix = alias ~ '.' if alias else '' -%}
{{ prefix }}record_id,
    {{ prefix }}system,
    {{ prefix }}source_key,
    {{ prefix }}unit,
    {{ prefix }}load_id,
    {{ prefix }}event_at,
    {{ prefix }}extracted_at,
    {{ prefix }}is_deleted
{%- endmacro %}
