{{ config(materialized='incremental', incremental_strategy='touched', unique_key=['record_no', 'record_id'], meta={'touched_on': ['record_id'], 'numbered': 'record_no'}) }}
{%- set keys = touch({'conformed_products': 'record_id', 'matched_products__originals': 'record_id'}) -%}
{#- What each variant record brings to a comparison: numbers and words in one form, what it said before we published on it. -#}
with own as (

    select
        records.record_id,
        records.system,
        records.template_key,
        records.price_amount,
        case when {{ list_has('records.echoes', 'name') }} then left(originals.name, 500) else left(records.template_name, 500) end as template_name,
        left(records.brand, 200) as brand,
        left(records.description, 3000) as description,
        left(concat_ws(' / ', records.option_1, records.option_2), 500) as options,
        left(records.model_number, 200) as model_number,
        case when {{ list_has('records.echoes', 'sku') }} then originals.default_code else records.sku end as sku,
        case
            when not {{ list_has('records.echoes', 'gtin14') }} then records.gtin14
            when {{ gtin_problem('originals.barcode') }} is null then lpad({{ gtin_digits('originals.barcode') }}, 14, '0')
        end as gtin14,
        case
            when {{ list_has('records.echoes', 'weight_g') }} then cast(1000 * try_cast(originals.weight as double) as bigint)
            else records.weight_g
        end as weight_g
    from {{ ref('conformed_products') }} as records
    left join {{ ref('matched_products__originals') }} as originals on records.record_id = originals.record_id
    where not records.is_deleted and not coalesce(originals.is_ours, false) and {{ is_touched(keys, 'records.record_id') }}

),

spelt as (

    select
        * exclude (template_name, brand, description, options, model_number),
        {%- for text in ['template_name', 'brand', 'description', 'options', 'model_number'] %}
        {{ latin_text(text) }} as {{ text }}{{ ',' if not loop.last }}
        {%- endfor %}
    from own

),

folded as (

    select
        record_id,
        system,
        system || ':' || template_key as template_ref,
        gtin14,
        nullif(regexp_replace(upper(sku), '[^A-Z0-9]', '', 'g'), '') as sku,
        {{ fold_name('template_name') }} as name,
        nullif({{ fold_name('brand') }}, '') as brand,
        {{ fold_name(option_sizes('options')) }} as options,
        nullif(weight_g, 0) as weight_g,
        nullif(price_amount, 0) as price_amount,
        regexp_replace(lower(model_number), '[^a-z0-9]', '', 'g') as model_number,
        concat_ws(' ', {{ product_text(size_text(without_pack('template_name')), 500) }}, {{ pack_size('template_name') }}) as name_text,
        concat_ws(' ', {{ product_text(option_sizes(without_pack(without_duration('options'))), 500) }}, {{ pack_size('options') }}) as option_text,
        {{ product_text("concat_ws(' ', brand, description)", 3000) }} as more_text,
        {{ product_text('model_number', 200) }} as model_text,
        {{ pack_size("concat_ws(' / ', template_name, options)") }} as pack,
        {{ product_text('brand', 200) }} as brand_text,
        {{ duration_seconds("concat_ws(' / ', options, template_name, description)") }} as seconds
    from spelt

),

worded as (

    select
        *,
        list_sort(list_distinct(list_filter(
            string_split(name, ' '), lambda w: w <> '' and not list_contains(string_split(coalesce(brand, ''), ' '), w)
        ))) as name_words,
        list_sort(list_filter(string_split(options, ' '), lambda w: w <> '')) as option_words
    from folded

)

select
    {{ record_number('record_id') }} as record_no,
    record_id,
    system,
    template_ref,
    gtin14,
    sku,
    name_words,
    nullif(array_to_string(name_words, ' '), '') as name_key,
    regexp_extract_all(array_to_string(name_words, ' '), '[0-9]+') as name_numbers,
    brand,
    nullif(array_to_string(option_words, ' '), '') as options,
    weight_g,
    price_amount,
    nullif(model_number, '') as model_number,
    nullif(trim(name_text), '') as name_text,
    option_text,
    more_text,
    model_text,
    brand_text,
    pack,
    seconds
from worded
