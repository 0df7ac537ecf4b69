{{ config(materialized='incremental', incremental_strategy='touched', unique_key='record_no') }}
{#- Records of one system whose texts are the same, as shops list one article several times: they are no rivals of each
    other, so the first is matched by its texts for all of them. A text of too many records is filler. -#}
{%- if stays({'matched_products__evidence': said_otherwise('matched_products__evidence', 'record_no', 'record_no, system, name_text, option_text, more_text, model_text, weight_g, gtin14')}) -%}
{{ no_rows() }}
{%- else -%}
with counted as (

    select
        record_no,
        min(record_no) over same_texts as first_no,
        count(*) over same_texts as records,
        (select count(distinct system) from {{ ref('matched_products__evidence') }}) as systems
    from {{ ref('matched_products__evidence') }}
    window same_texts as (partition by system, name_text, option_text, more_text, model_text, weight_g, gtin14 is null)

)

select
    record_no,
    case
        when systems > 1 and records <= {{ declared('products', 'likeness.find').repeats or 1 }} then first_no
        else record_no
    end as stands_for
from counted
{%- endif %}
