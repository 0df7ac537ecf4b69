{{ config(materialized='incremental', incremental_strategy='touched', unique_key=['one_no', 'other_no']) }}
{%- set keys = touch({
    'matched_products__lookalikes': 'select unnest([one_no, other_no]) from {changed}',
    'matched_products__evidence': 'record_no',
    'matched_products__bags': 'record_no',
    'matched_products__word_weights': 'select record_no from {changed} as changed inner join ' ~ ref('matched_products__words')
        ~ " as words on changed.token = words.token and words.kind = case changed.kind when 'option' then 'name' else changed.kind end",
}) -%}
{%- set lookalikes, words = ref('matched_products__lookalikes'), ref('matched_products__words') -%}
{%- if keys is not none -%}
  {%- set lookalikes = '(select * from ' ~ lookalikes ~ ' where ' ~ is_touched(keys, ['one_no', 'other_no']) ~ ')' -%}
  {%- set words = '(select * from ' ~ words ~ ' where record_no in (select unnest([one_no, other_no]) from ' ~ lookalikes ~ '))' -%}
{%- endif -%}
{{ measure_likeness(lookalikes, words, ref('matched_products__word_weights'), ref('matched_products__evidence'), ref('matched_products__bags')) }}
