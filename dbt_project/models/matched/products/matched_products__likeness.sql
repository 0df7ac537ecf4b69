{{ config(materialized='incremental', incremental_strategy='touched', unique_key=['one_no', 'other_no']) }}
{%- set keys = touch({
    'matched_products__lookalikes': 'select unnest([one_no, other_no]) from {changed}',
    'matched_products__evidence': 'record_no',
    'matched_products__bags': 'record_no',
    'matched_products__word_weights': 'select record_no from {changed} inner join ' ~ ref('matched_products__words') ~ ' using (kind, token)',
}) -%}
{%- set lookalikes, words = ref('matched_products__lookalikes'), ref('matched_products__words') -%}
{%- if keys is not none -%}
  {%- set lookalikes = '(select * from ' ~ lookalikes ~ ' where ' ~ is_touched(keys, ['one_no', 'other_no']) ~ ')' -%}
  {%- set words = '(select * from ' ~ words ~ ' where record_no in (select unnest([one_no, other_no]) from ' ~ lookalikes ~ '))' -%}
{%- endif -%}
{#- What speaks for and against each pair of look-alikes being one article, every feature as declared, 0 to 1 or so. -#}
with likeness as (
    {{ text_likeness(lookalikes, words, ref('matched_products__word_weights')) }}
),

measured as (

    select
        likeness.*,
        one.system as one_system,
        other.system as other_system,
        one.system = other.system as within_one,
        greatest(
            jaro_winkler_similarity(array_to_string(l.words, ''), array_to_string(r.words, '')),
            jaro_winkler_similarity({{ run_together('one.name_text') }}, {{ run_together('other.name_text') }})
        ) as spelling_likeness,
        l.words = r.words and array_length(l.words) > 0 as names_equal,
        one.sku = other.sku as skus_equal,
        {{ models_differ() }} as models_differ,
        {{ models_extend() }} as models_extend,
        list_has_any(l.model_stems, r.model_stems) as models_kin,
        {{ lists_differ('codes') }} as codes_differ,
        {{ numbers_differ() }} as numbers_differ,
        {{ unmatched('l.numbers', 'r.all_words') }} + {{ unmatched('r.numbers', 'l.all_words') }} as numbers_unmatched,
        array_length(list_intersect(l.numbers, r.numbers)) as numbers_shared,
        {{ lists_differ('all_numbers') }} as all_numbers_differ,
        array_length(list_intersect(l.all_numbers, r.all_numbers)) / (1 + least(array_length(l.all_numbers), array_length(r.all_numbers))) as all_numbers_shared,
        {{ packs_differ() }} as packs_differ,
        {{ lists_differ('colours') }} as colours_differ,
        {{ unmatched('l.colours', 'r.all_words') }} + {{ unmatched('r.colours', 'l.all_words') }} as colours_unmatched,
        {{ sizes_differ() }} as sizes_differ,
        {{ letters_differ() }} as letters_differ,
        {{ options_differ() }} as options_differ,
        l.option_words = r.option_words and array_length(l.option_words) > 0 as options_equal,
        least(one.weight_g, other.weight_g) >= 0.9 * greatest(one.weight_g, other.weight_g) - 10 as weights_close,
        {{ unmatched('l.editions', 'r.all_words') }} + {{ unmatched('r.editions', 'l.all_words') }} as editions_unmatched,
        {{ unmatched('l.accessories', 'r.all_words') }} + {{ unmatched('r.accessories', 'l.all_words') }} as accessories_unmatched,
        {{ lists_differ('platforms') }} as platforms_differ,
        {{ lists_differ('brand_words') }} as brands_differ,
        list_has_any(l.brand_words, r.brand_words)
        or array_length(r.brand_words) = 0 and list_has_any(l.brand_words, r.words)
        or array_length(l.brand_words) = 0 and list_has_any(r.brand_words, l.words) as brands_agree,
        abs(ln(cast(one.price_amount as double) / cast(other.price_amount as double))) as price_distance
    from likeness
    inner join {{ ref('matched_products__evidence') }} as one on likeness.one_no = one.record_no
    inner join {{ ref('matched_products__evidence') }} as other on likeness.other_no = other.record_no
    inner join {{ ref('matched_products__bags') }} as l on likeness.one_no = l.record_no
    inner join {{ ref('matched_products__bags') }} as r on likeness.other_no = r.record_no

)

select
    one_no,
    other_no,
    one_system,
    other_system,
    {%- for feature in declared('products', 'likeness.features') %}
    round(cast({{ feature.is }} as double), 6) as {{ feature.name }}{{ ',' if not loop.last }}
    {%- else %}
    0 as no_feature
    {%- endfor %}
from measured
