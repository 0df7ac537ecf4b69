{{ config(materialized='view') }}
{#- Blocks too large to compare: what they hold is found through finer rules or not at all, so somebody should know. -#}
{%- set rules = declared('customers', 'blocks.rules') -%}
select
    case rule
        {%- for rule in rules %}
        when {{ loop.index0 }} then '{{ rule.name }}'
        {%- else %}
        when null then ''
        {%- endfor %}
    end as rule,
    records,
    count(*) as blocks,
    min(first_record_no) as first_record_no
from (
    select rule, key, count(*) as records, min(record_no) as first_record_no
    from {{ ref('matched_customers__blocks') }}
    group by rule, key
)
where records > {{ block_cap('customers', 'rule') }}
group by rule, records
