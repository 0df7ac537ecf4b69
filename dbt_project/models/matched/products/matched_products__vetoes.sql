{{ config(materialized='incremental', incremental_strategy='touched', unique_key=['left_no', 'right_no']) }}
{%- set keys = touch({
    'matched_products__evidence': 'record_no',
    'matched_products__bags': 'record_no',
    'matched_products__comparisons': 'select key from ' ~ touched('matched_products__comparisons'),
}) -%}
{#- Equal GTINs that are not believed by themselves: no SKU agrees and something declared contradicts. Numbers are reused. -#}
with measured as (

    select
        pairs.left_no,
        pairs.right_no,
        {{ lists_differ('brand_words') }} as brands_differ,
        {{ packs_differ() }} as packs_differ,
        {{ models_differ() }} as models_differ,
        {{ numbers_differ() }} as numbers_differ,
        array_length(one.name_words) > 0 and array_length(other.name_words) > 0 and not list_has_any(one.name_words, other.name_words) as names_differ
    from (select left_no, right_no, {{ levels_of('products', ['gtin', 'sku']) }} from {{ ref('matched_products__comparisons') }}) as pairs
    inner join {{ ref('matched_products__evidence') }} as one on pairs.left_no = one.record_no
    inner join {{ ref('matched_products__evidence') }} as other on pairs.right_no = other.record_no
    inner join {{ ref('matched_products__bags') }} as l on pairs.left_no = l.record_no
    inner join {{ ref('matched_products__bags') }} as r on pairs.right_no = r.record_no
    where pairs.gtin = 0 and coalesce(pairs.sku, 1) <> 0 and {{ is_touched(keys, ['pairs.left_no', 'pairs.right_no']) }}

),

judged as (

    select
        left_no,
        right_no,
        list_filter([
            {%- for veto in declared('products', 'vetoes') %}
            case when {{ veto.is }} then '{{ veto.name }}' end{{ ',' if not loop.last }}
            {%- endfor %}
        ], lambda reason: reason is not null) as reasons
    from measured

)

select left_no, right_no, array_to_string(reasons, ', ') as reasons
from judged
where array_length(reasons) > 0
