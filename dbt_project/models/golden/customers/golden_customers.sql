{{ config(materialized='incremental', incremental_strategy='touched', on_schema_change='fail', unique_key='customer_id') }}
{%- set keys = touch_customers() -%}
{{ survivors(
    narrowed(ref('golden_customers__candidates'), keys, 'customer_id'),
    narrowed(ref('matched_customers'), keys, 'customer_id'), 'customer_id', customer_traits(),
    required=['name', 'company_name'],
    decided=ref('golden_customers__decided'),
    kept=['count(*) as record_count', 'count(distinct records.system) as system_count'],
) }}
