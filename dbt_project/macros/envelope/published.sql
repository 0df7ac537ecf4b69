{#- One column per Odoo field with a value of the receipt, text. -#}
{% macro latest_published(fields, value='after_value') -%}
{%- for field in fields %}
    max(case when field = '{{ field }}' then {{ value }} end) as {{ field }}{{ ',' if not loop.last }}
{%- endfor %}
{%- endmacro %}

{#- What receipts tell of a record, as two records of no system: `assay`, what we wrote, and `assay_before`, what stood there. -#}
{% macro published_sides() -%}
  {{ return({'assay': 'after_value', 'assay_before': 'own_value'}) }}
{%- endmacro %}

{#- The envelope of what no load brought: our own receipts. -#}
{% macro no_envelope() -%}
record_id,
    system,
    record_id as source_key,
    {{ no_load() }}
{%- endmacro %}

{#- The part of the envelope that only a load can tell. -#}
{% macro no_load() -%}
cast(null as varchar) as unit,
        cast(null as varchar) as load_id,
        cast(null as timestamp) as event_at,
        cast(null as timestamp) as extracted_at,
        false as is_deleted
{%- endmacro %}
