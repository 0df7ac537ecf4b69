{#- One column per Odoo field with the value of the receipt, text. -#}
{% macro latest_published(fields) -%}
{%- for field in fields %}
    max(case when field = '{{ field }}' then after_value end) as {{ field }}{{ ',' if not loop.last }}
{%- endfor %}
{%- endmacro %}

{#- The envelope of what no load brought: our own receipts. -#}
{% macro no_envelope() -%}
record_id,
    'assay' as system,
    record_id as source_key,
    cast(null as varchar) as unit,
    cast(null as varchar) as load_id,
    cast(null as timestamp) as event_at,
    cast(null as timestamp) as extracted_at,
    false as is_deleted
{%- endmacro %}
