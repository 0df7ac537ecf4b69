{{ config(materialized='incremental', incremental_strategy='touched', unique_key='record_no') }}
{%- set keys = touch({'matched_products__evidence': 'record_no'}) -%}
{%- set evidence = narrowed(ref('matched_products__evidence'), keys, 'record_no') -%}
{#- What the texts of each record hold: words in one spelling, numbers, model numbers, and what tells versions apart. -#}
with texts as (

    select record_no, name_text as text, 'name' as part from {{ evidence }}
    union all
    select record_no, option_text, 'options' from {{ evidence }}
    union all
    select record_no, more_text, 'more' from {{ evidence }}
    union all
    select record_no, model_text, 'model' from {{ evidence }}
    union all
    select record_no, brand_text, 'brand' from {{ evidence }}

),

split as (

    select record_no, part, unnest({{ product_words('text') }}) as word
    from texts

),

spelled as (

    select split.record_no, split.part, coalesce(known.canonical, split.word) as word, known.kind
    from split
    left join {{ ref('product_words') }} as known
        on split.word = known.word and (split.part = 'options' or known.kind is distinct from 'tone')
    union all
    select split.record_no, split.part, split.word, null
    from split
    inner join {{ ref('product_words') }} as known
        on split.word = known.word and split.part = 'options' and known.kind in ('shade', 'tone')

),

spoken as (

    select record_no, unnest(list_transform(range(1, array_length(said)), lambda i: {'one': said[i], 'other': said[i + 1]})) as beside
    from (select record_no, {{ product_words("concat_ws(' 0 ', name_text, option_text)") }} as said from {{ evidence }})

),

shaded as (

    select spoken.record_no, list_sort(list(distinct depth.canonical || ' ' || colour.canonical)) as shades
    from spoken
    inner join {{ ref('product_words') }} as depth on depth.kind = 'depth' and depth.word in (spoken.beside.one, spoken.beside.other)
    inner join {{ ref('product_words') }} as colour
        on colour.kind in ('colour', 'shade', 'tone') and colour.word in (spoken.beside.one, spoken.beside.other)
    where spoken.beside.other not in ('light', 'licht')
    group by spoken.record_no

),

bags as (

    select
        record_no,
        list_sort(list(distinct word) filter (part in ('name', 'options'))) as words,
        list_sort(list(distinct word) filter (part <> 'brand')) as all_words,
        list_sort(list(distinct word) filter (part = 'name' and regexp_matches(word, '^[0-9.]+$'))) as numbers,
        list_sort(list(distinct word) filter (part = 'brand' and length(word) > 2)) as brand_words,
        list_sort(list(distinct word) filter (part in ('name', 'options', 'more') and regexp_matches(word, '^[0-9.]+$'))) as all_numbers,
        list_sort(list(distinct word) filter (part in ('name', 'options') and kind in ('colour', 'shade', 'tone'))) as colours,
        list_sort(list(distinct word) filter (part = 'options')) as option_words,
        list_sort(list(distinct word) filter (part = 'name' and kind = 'edition')) as editions,
        list_sort(list(distinct word) filter (part in ('name', 'options') and kind = 'condition')) as conditions,
        list_sort(list(distinct word) filter (part = 'name' and kind = 'accessory')) as accessories,
        list_sort(list(distinct word) filter (part <> 'brand' and kind = 'platform')) as platforms
    from spelled
    group by record_no

),

coded as (

    select
        record_no,
        coalesce({{ product_words('name_text') }}, []) as said,
        list_sort(list_distinct({{ product_codes('name_text') }} || list_filter([model_number], lambda m: length(m) >= 3))) as models,
        list_filter([model_number], lambda m: length(m) >= 3) as stated,
        {{ product_codes('model_text') }} || {{ product_code_parts('model_text') }} as stated_codes,
        {{ size_tokens('option_text') }} as sizes,
        {{ size_letters("concat_ws(' ', name_text, option_text)") }} as letters,
        {{ product_codes("concat_ws(' ', name_text, more_text, model_text)") }}
            || {{ product_code_parts("concat_ws(' ', name_text, more_text, model_text)") }} as loose_codes,
        {{ product_measures("concat_ws(' ', name_text, option_text, more_text)") }} as measures
    from {{ evidence }}

)

select
    record_no,
    coalesce(bags.words, []) as words,
    coalesce(bags.all_words, []) as all_words,
    coalesce(bags.brand_words, []) as brand_words,
    coalesce(bags.colours, []) as colours,
    coalesce(shaded.shades, []) as shades,
    coalesce(bags.option_words, []) as option_words,
    coalesce(coded.sizes, []) as sizes,
    coalesce(coded.letters, []) as letters,
    coalesce(bags.editions, []) as editions,
    coalesce(bags.conditions, []) as conditions,
    coalesce(bags.accessories, []) as accessories,
    coalesce(bags.platforms, []) as platforms,
    coalesce(coded.models, []) as models,
    list_sort(list_distinct({{ spaced_codes('coded.said') }})) as spaced_models,
    list_filter(
        list_transform(coalesce(coded.models, []), lambda m: regexp_replace(m, '[a-z]+$', '')), lambda m: length(m) >= 5
    ) as model_stems,
    list_sort(list_distinct(coalesce(coded.loose_codes, []) || coalesce(coded.models, []))) as codes,
    coalesce(coded.stated, []) as stated,
    list_sort(list_distinct(coalesce(coded.stated, []) || coalesce(coded.stated_codes, []))) as stated_codes,
    coalesce(bags.numbers, []) as numbers,
    coalesce(bags.all_numbers, []) as all_numbers,
    coalesce(coded.measures, []) as measures
from coded
left join bags using (record_no)
left join shaded using (record_no)
