{#- The newest version of each record of a stream, by the source's clock; a deleted record keeps its last content.
    An event cannot follow its extraction: a source clock that runs ahead is cut off there. -#}
{% macro latest_per_key(relation, columns=['_payload']) -%}
{%- set keys = touch_landed(relation) -%}
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
            partition by _source_key order by seen_at desc, _load_id desc, _payload_hash
        ) as is_gone,
        row_number() over (
            partition by _source_key order by _deleted, seen_at desc, _load_id desc, _payload_hash
        ) as newest
    from (
        select *, least(coalesce(_event_at, _extracted_at), _extracted_at) as seen_at
        from {{ relation }}
        where {{ is_touched(keys, "_system || ':' || _source_key") }}
    ) as dated
) as versions
where newest = 1
{%- endmacro %}

{#- The records that loads since the last build speak of. -#}
{% macro touch_landed(relation) -%}
  {%- if not incrementally() -%}{{ return(none) }}{%- endif -%}
  {%- set files = var('new_files').get(relation.schema ~ '/' ~ relation.identifier, []) -%}
  {{ return(touch_keys(["select _system || ':' || _source_key from read_parquet(['" ~ files | join("', '") ~ "'], union_by_name = true)"] if files else [])) }}
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
