{#- The named fields of a JSON payload as one struct, parsed once; `shape` is a JSON object of names and types. -#}
{% macro from_payload(shape, column='_payload') -%}
  {{ return(adapter.dispatch('from_payload')(shape, column)) }}
{%- endmacro %}

{% macro default__from_payload(shape, column) -%}
from_json({{ column }}, '{{ tojson(shape) }}')
{%- endmacro %}

{% macro spark__from_payload(shape, column) -%}
from_json({{ column }}, '{{ spark_shape(shape) }}')
{%- endmacro %}

{#- The same shape as Spark writes it: struct<a: string, b: array<string>>. -#}
{% macro spark_shape(shape) -%}
  {%- if shape is mapping -%}
    {%- set fields = [] -%}
    {%- for name, type in shape.items() -%}{%- do fields.append('`' ~ name ~ '`: ' ~ spark_shape(type)) -%}{%- endfor -%}
    {{ return('struct<' ~ fields | join(', ') ~ '>') }}
  {%- elif shape is string -%}
    {{ return({'VARCHAR': 'string', 'JSON': 'string'}.get(shape, shape | lower)) }}
  {%- else -%}
    {{ return('array<' ~ spark_shape(shape[0]) ~ '>') }}
  {%- endif -%}
{%- endmacro %}
