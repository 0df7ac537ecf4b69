{#- SHA-256 over the named columns as text, in order; null differs from empty. -#}
{% macro payload_hash(columns) -%}
  {{ return(adapter.dispatch('payload_hash')(columns)) }}
{%- endmacro %}

{% macro default__payload_hash(columns) -%}
sha256({% for column in columns %}coalesce(cast({{ column }} as varchar), chr(30)){{ " || chr(31) || " if not loop.last }}{% endfor %})
{%- endmacro %}

{% macro spark__payload_hash(columns) -%}
sha2(concat_ws(chr(31), {% for column in columns %}coalesce(cast({{ column }} as string), chr(30)){{ ', ' if not loop.last }}{% endfor %}), 256)
{%- endmacro %}

{#- The payload of one Odoo object with what every publish model begins with: golden id, Odoo id to bind, what it rests on, hash. -#}
{% macro odoo_payload(columns) -%}
golden_id,
    odoo_id,
    odoo_ids,
    units,
    record_ids,
    {{ payload_hash(columns) }} as payload_hash,
    {{ columns | join(',\n    ') }}
{%- endmacro %}
