{{ config(materialized='incremental', incremental_strategy='touched', unique_key=['one_no', 'other_no']) }}
{#- Look-alikes within a system that was found to list articles several times: of an article that it alone lists, no partner
    elsewhere says which of its offers are one. Where articles stand in groups among many shops, none is known to list any
    twice; where among two, both do. -#}
{%- set model = ref('matched_products__likeness_model') -%}
{%- set words -%}
(
    select words.* from {{ ref('matched_products__words') }} as words
    cross join (select count(distinct system) as systems from {{ ref('matched_products__words') }})
    where {{ keeps_several('system', model, 'often_share') }} and systems > 1
    and (systems = 2 or 'within ' || system not in (select feature from {{ model }}))
)
{%- endset -%}
{%- if stays() -%}
{{ no_rows() }}
{%- else -%}
{{ nearest_records(words, ref('matched_products__evidence'), within=true) }}
{%- endif %}
