{{ config(materialized='incremental', incremental_strategy='touched', unique_key=['record_no', 'kind', 'token'], meta={'touched_on': ['record_no']}) }}
{%- set evidence, kinds = ref('matched_products__evidence'), 'select distinct system, gtin14 is null as lacks_gtin from ' -%}
{%- set before = '(select * from ' ~ evidence ~ ' anti join {changed} using (record_no) union all by name select * from changed.matched_products__evidence__before)' -%}
{#- Which kinds of records there are decides for each whether its texts are needed. -#}
{%- set keys = touch({
    'matched_products__evidence': 'select record_no from {changed} union all select record_no from ' ~ evidence ~ ' where exists ((' ~ kinds ~ evidence
        ~ ' except ' ~ kinds ~ before ~ ') union all (' ~ kinds ~ before ~ ' except ' ~ kinds ~ evidence ~ '))',
    'matched_products__bags': 'record_no',
    'matched_products__repeats': 'record_no',
}) -%}
{%- set bags = narrowed(ref('matched_products__bags'), keys, 'record_no') -%}
{#- Every word, trigram and model number of the records that may have to be matched by their texts.
    Two records that both have a GTIN are compared by that; texts are for the rest. A brand alone names no article. -#}
with kinds as (

    select distinct system, gtin14 is null as lacks_gtin from {{ evidence }}

),

plain as (

    select distinct evidence.record_no, evidence.system, evidence.gtin14 is null as lacks_gtin
    from {{ narrowed(evidence, keys, 'record_no') }} as evidence
    inner join {{ ref('matched_products__repeats') }} as repeats
        on evidence.record_no = repeats.record_no and repeats.record_no = repeats.stands_for
    inner join kinds
        on (evidence.gtin14 is null or kinds.lacks_gtin)
        and (evidence.system <> kinds.system or (select count(distinct system) from kinds) = 1)
    where evidence.name_key is not null or evidence.model_number is not null or evidence.more_text <> coalesce(evidence.brand_text, '')

),

tokens as (

    select record_no, 'name' as kind, unnest(words) as token from {{ bags }}
    union all
    select record_no, 'all', unnest(list_distinct(all_words || codes)) from {{ bags }}
    union all
    select record_no, 'brand', unnest(brand_words) from {{ bags }}
    union all
    select record_no, 'model', unnest(list_distinct(models || spaced_models)) from {{ bags }}
    union all
    select record_no, 'code', unnest(codes) from {{ bags }}
    union all
    select record_no, 'letters', unnest(list_distinct(list_transform(
        range(1, length(padded) - 1), lambda i: substr(padded, i, 3)
    )))
    from (select record_no, ' ' || array_to_string(words, ' ') || ' ' as padded from {{ bags }})

)

select
    plain.record_no,
    plain.system,
    plain.lacks_gtin,
    tokens.kind,
    tokens.token
from tokens
inner join plain on tokens.record_no = plain.record_no
