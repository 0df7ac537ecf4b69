{#- What speaks for and against each pair of look-alikes being one article, every feature as declared, 0 to 1 or so. -#}
{% macro measure_likeness(lookalikes, words, weights, evidence, bags) %}
with likeness as (
    {{ text_likeness(lookalikes, words, weights) }}
),

measured as (

    select
        likeness.* exclude (model_likeness),
        case when {{ stated_differ() }} then 0 else model_likeness end as model_likeness,
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
        {{ numbers_unmatched('l', 'r') }} + {{ numbers_unmatched('r', 'l') }} as numbers_unmatched,
        array_length(list_intersect({{ with_measures('l', 'l.numbers', 'r') }}, r.numbers)) as numbers_shared,
        array_length(l.all_numbers) > 0 and array_length(r.all_numbers) > 0
        and not list_has_any({{ with_measures('l', 'l.all_numbers', 'r') }}, r.all_numbers) as all_numbers_differ,
        array_length(list_intersect({{ with_measures('l', 'l.all_numbers', 'r') }}, r.all_numbers)) / (1 + least(array_length(l.all_numbers), array_length(r.all_numbers))) as all_numbers_shared,
        {{ packs_differ() }} as packs_differ,
        {{ pieces_apart() }} as pieces_apart,
        {{ lists_differ('colours') }} or {{ lists_differ('shades') }} as colours_differ,
        {{ unmatched('l.colours', 'r.all_words') }} + {{ unmatched('r.colours', 'l.all_words') }}
        + {{ unmatched('l.shades', 'r.shades') }} + {{ unmatched('r.shades', 'l.shades') }} as colours_unmatched,
        {{ sizes_differ() }} as sizes_differ,
        {{ lists_differ('letters') }} as letters_differ,
        {{ options_differ() }} as options_differ,
        l.option_words = r.option_words and array_length(l.option_words) > 0 as options_equal,
        least(one.weight_g, other.weight_g) >= 0.9 * greatest(one.weight_g, other.weight_g) - 10 as weights_close,
        {{ unmatched('l.editions', 'r.all_words') }} + {{ unmatched('r.editions', 'l.all_words') }} as editions_unmatched,
        {{ unmatched('l.conditions', 'r.all_words') }} + {{ unmatched('r.conditions', 'l.all_words') }} > 0 as conditions_differ,
        {{ unmatched('l.accessories', 'r.all_words') }} + {{ unmatched('r.accessories', 'l.all_words') }} as accessories_unmatched,
        {{ lists_differ('platforms') }} as platforms_differ,
        {{ lists_differ('brand_words') }} as brands_differ,
        list_has_any(l.brand_words, r.brand_words)
        or array_length(r.brand_words) = 0 and list_has_any(l.brand_words, r.words)
        or array_length(l.brand_words) = 0 and list_has_any(r.brand_words, l.words) as brands_agree,
        case when one.system = other.system then {{ option_apart('options.tokens') }} else false end as option_apart,
        abs(ln(cast(one.price_amount as double) / cast(other.price_amount as double))) as price_distance,
        abs(one.seconds - other.seconds) as seconds_apart
    from likeness
    inner join {{ evidence }} as one on likeness.one_no = one.record_no
    inner join {{ evidence }} as other on likeness.other_no = other.record_no
    inner join {{ bags }} as l on likeness.one_no = l.record_no
    inner join {{ bags }} as r on likeness.other_no = r.record_no
    cross join (select coalesce(list(token order by token), []) as tokens from {{ weights }} where kind = 'option') as options

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
{% endmacro %}

{#- The words that one name has alone, but for makers, who are compared by themselves. -#}
{% macro said_alone(one, other) -%}
list_filter({{ one }}.words, lambda w: not list_contains({{ other }}.words, w) and not list_contains({{ one }}.brand_words, w) and not list_contains({{ other }}.brand_words, w))
{%- endmacro %}

{#- Whether each name has an option that the other lacks, or one has, and the other has no word of its own. -#}
{% macro option_apart(options) -%}
{%- set one, other = said_alone('l', 'r'), said_alone('r', 'l') -%}
(
    list_has_any({{ one }}, {{ options }}) and (array_length({{ other }}) = 0 or list_has_any({{ other }}, {{ options }}))
    or array_length({{ one }}) = 0 and list_has_any({{ other }}, {{ options }})
)
{%- endmacro %}
