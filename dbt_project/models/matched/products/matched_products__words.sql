{#- Every word, trigram and model number of the records that may have to be matched by their texts, and how rare it is.
    Two records that both have a GTIN, options or a weight are compared by those; texts are for the rest. -#}
with kinds as (

    select distinct system, marks from {{ ref('matched_products__evidence') }}

),

plain as (

    select distinct evidence.record_no, evidence.system, evidence.marks
    from {{ ref('matched_products__evidence') }} as evidence
    inner join {{ ref('matched_products__repeats') }} as repeats
        on evidence.record_no = repeats.record_no and repeats.record_no = repeats.stands_for
    inner join kinds
        on evidence.marks & kinds.marks = 0
        and (evidence.system <> kinds.system or (select count(distinct system) from kinds) = 1)

),

tokens as (

    select record_no, 'name' as kind, unnest(words) as token from {{ ref('matched_products__bags') }}
    union all
    select record_no, 'all', unnest(list_distinct(all_words || codes)) from {{ ref('matched_products__bags') }}
    union all
    select record_no, 'brand', unnest(brand_words) from {{ ref('matched_products__bags') }}
    union all
    select record_no, 'model', unnest(models) from {{ ref('matched_products__bags') }}
    union all
    select record_no, 'code', unnest(codes) from {{ ref('matched_products__bags') }}
    union all
    select record_no, 'letters', unnest(list_distinct(list_transform(
        range(1, length(padded) - 1), lambda i: substr(padded, i, 3)
    )))
    from (select record_no, ' ' || array_to_string(words, ' ') || ' ' as padded from {{ ref('matched_products__bags') }})

)

select
    plain.record_no,
    plain.system,
    plain.marks,
    tokens.kind,
    tokens.token,
    count(*) over (partition by tokens.kind, tokens.token) as records
from tokens
inner join plain on tokens.record_no = plain.record_no
