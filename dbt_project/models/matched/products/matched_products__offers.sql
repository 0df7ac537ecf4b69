{{ config(materialized='incremental', incremental_strategy='touched', unique_key=['one_no', 'other_no']) }}
{#- Look-alikes within a system that lists articles several times, with the same features as those of two systems. They are a table of
    their own, for else DuckDB takes them for few and keeps every word of each pair in memory. -#}
{%- set lookalikes = ref('matched_products__offer_lookalikes') -%}
{%- if stays() -%}
{{ no_rows() }}
{%- else -%}
{{ measure_likeness(
    lookalikes,
    '(select * from ' ~ ref('matched_products__words') ~ ' where record_no in (select unnest([one_no, other_no]) from ' ~ lookalikes ~ '))',
    ref('matched_products__word_weights'),
    ref('matched_products__evidence'),
    ref('matched_products__bags')
) }}
{%- endif %}
