{{ config(materialized='view') }}
{#- Learnt, without labels: what each word says. Rare words say more; so do words that the other side repeats where two
    records are surely one article, and a word of decoration ('software', 'black') says less. No token at all stands for a word
    that nobody has said yet. Where there is one catalogue alone, a word that stands in place of another in names that are the same
    besides, oftener than names with it are repeated, is an option. Read while there is no trained model alone. Which pairs are
    surely one is found among the nearest of each record: what resembles it less is nearly never the most alike. -#}
{%- set find = declared('products', 'likeness.find') -%}
with rarity as (

    select
        kind,
        token,
        records,
        ln(1 + (select count(distinct record_no) from {{ ref('matched_products__words') }}) / records) as weight,
        ln(1 + (select count(distinct record_no) from {{ ref('matched_products__words') }})) as most
    from (select kind, token, count(*) as records from {{ ref('matched_products__words') }} group by kind, token)

),

known as (

    select kind, token, case when kind in ('model', 'code') then weight / most else weight end as weight
    from rarity

),

likeness as (
    {{ text_likeness('(select * from ' ~ ref('matched_products__lookalikes') ~ ' where is_nearest)', ref('matched_products__words'), 'known') }}
),

judged as (

    select
        likeness.one_no,
        likeness.other_no,
        round((name_likeness + letters_likeness + all_likeness) / 3 + 0.3 * model_likeness, 6) as likeness,
        {{ product_conflicts() }} as conflict
    from likeness
    inner join {{ ref('matched_products__bags') }} as l on likeness.one_no = l.record_no
    inner join {{ ref('matched_products__bags') }} as r on likeness.other_no = r.record_no

),

nearest as (

    select
        *,
        row_number() over (partition by one_no order by likeness desc, other_no) as one_place,
        row_number() over (partition by other_no order by likeness desc, one_no) as other_place
    from judged

),

sure as (

    select one_no, other_no
    from (
        select *, percent_rank() over (order by likeness desc, one_no, other_no) as place
        from nearest
        where one_place = 1 and other_place = 1 and not conflict
    )
    where place <= {{ find.sure_share or 0 }}

),

sides as (

    select one_no as named_no, other_no as told_no from sure
    union all
    select other_no, one_no from sure

),

told as (

    select named.kind, named.token, count(*) as seen, count(told.record_no) as repeated
    from sides
    inner join {{ ref('matched_products__words') }} as named on sides.named_no = named.record_no
    left join {{ ref('matched_products__words') }} as told
        on sides.told_no = told.record_no and named.token = told.token
        and told.kind = case named.kind when 'name' then 'all' else named.kind end
    where named.kind not in ('model', 'code')
    group by named.kind, named.token

),

usual as (

    select kind, sum(repeated) / sum(seen) as share
    from told
    group by kind

),

of_one as (

    select * from {{ ref('matched_products__lookalikes') }}
    where (select count(distinct system) from {{ ref('matched_products__words') }}) = 1

),

beside as (

    select
        {{ said_alone('l', 'r') }} as one_alone,
        {{ said_alone('r', 'l') }} as other_alone,
        l.words
    from of_one
    inner join {{ ref('matched_products__bags') }} as l on of_one.one_no = l.record_no
    inner join {{ ref('matched_products__bags') }} as r on of_one.other_no = r.record_no

),

options as (

    select token
    from (
        select unnest(one_alone || other_alone) as token, 1 as is_exchanged
        from beside
        where array_length(one_alone) = 1 and array_length(other_alone) = 1
        union all
        select unnest(words), 0
        from beside
        where array_length(one_alone) = 0 and array_length(other_alone) = 0
    )
    group by token
    having sum(is_exchanged) >= {{ find.exchanged or 0 }} and 2 * sum(is_exchanged) > count(*)

)

select
    known.kind,
    known.token,
    round(known.weight * coalesce(
        (coalesce(told.repeated, 0) + {{ find.doubt or 0 }} * usual.share) / (coalesce(told.seen, 0) + {{ find.doubt or 0 }}), 1
    ), 6) as weight
from known
left join told on known.kind = told.kind and known.token = told.token
left join usual on known.kind = usual.kind

union all

select kind, '', round(max(case when kind in ('model', 'code') then 1 else most end) * coalesce(max(usual.share), 1), 6)
from rarity
left join usual using (kind)
group by kind

union all

select 'option', token, 1
from options
