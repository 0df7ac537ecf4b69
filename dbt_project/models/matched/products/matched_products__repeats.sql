{{ config(materialized='incremental', incremental_strategy='touched', unique_key='record_no') }}
{#- Records of one system whose texts are the same, as shops list one article several times: they are no rivals of each
    other, so one of them, of those with a SKU the first, is matched by its texts for all. A text of too many records is filler.
    They are one variant listed again where the texts tell options or a size, or all have one SKU; not if two SKUs, two
    GTINs or two variants of one template have them. -#}
{%- set texts = 'system, name_text, option_text, more_text, model_text, weight_g, seconds, gtin14 is null' -%}
{%- if stays({'matched_products__evidence': said_otherwise('matched_products__evidence', 'record_no', 'record_no, template_ref, sku, system, name_text, option_text, more_text, model_text, weight_g, seconds, gtin14')}) -%}
{{ no_rows() }}
{%- else -%}
with siblings as (

    select
        *,
        case when template_ref is not null then count(*) over (partition by {{ texts }}, template_ref) else 1 end as in_template,
        (select count(distinct system) from {{ ref('matched_products__evidence') }}) as systems
    from {{ ref('matched_products__evidence') }}

),

counted as (

    select
        record_no,
        coalesce(min(case when sku is not null then record_no end) over same_texts, min(record_no) over same_texts) as first_no,
        count(*) over same_texts as records,
        name_text is not null
        and max(in_template) over same_texts = 1
        and coalesce(min(sku) over same_texts = max(sku) over same_texts, true)
        and coalesce(min(gtin14) over same_texts = max(gtin14) over same_texts, true)
        and (option_text <> '' or array_length({{ size_letters('name_text') }}) > 0 or count(sku) over same_texts = count(*) over same_texts) as is_one_variant,
        systems
    from siblings
    window same_texts as (partition by {{ texts }})

)

select
    record_no,
    case
        when systems > 1 and records <= {{ declared('products', 'likeness.find').repeats or 1 }} then first_no
        else record_no
    end as stands_for,
    is_one_variant
from counted
{%- endif %}
