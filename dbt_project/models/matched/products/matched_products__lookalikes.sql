{{ config(materialized='incremental', incremental_strategy='touched', unique_key=['one_no', 'other_no']) }}
{%- if stays({'matched_products__evidence': said_otherwise('matched_products__evidence', 'record_no', 'record_no, system, sku, gtin14')}) -%}
{{ no_rows() }}
{%- else -%}
{{ nearest_records(ref('matched_products__words'), ref('matched_products__evidence')) }}
{%- endif %}
