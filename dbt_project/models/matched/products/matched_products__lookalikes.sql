{{ config(materialized='incremental', incremental_strategy='touched', unique_key=['one_no', 'other_no']) }}
{#- Pairs of records whose texts are most alike: the nearest of each record in each other system, seen from both sides, and
    those that share a rare model number. A word that thousands share, or that is not among a record's rarest, finds nothing. -#}
{%- set find = declared('products', 'likeness.find') -%}
{%- if stays() -%}
{{ no_rows() }}
{%- else -%}
with size as (

    select count(distinct record_no) as records, count(distinct system) as systems
    from {{ ref('matched_products__words') }}

),

weighed as (

    select
        words.record_no,
        words.system,
        words.lacks_gtin,
        words.kind,
        words.token,
        words.records,
        ln(1 + size.records / words.records) / sqrt(sum(pow(ln(1 + size.records / words.records), 2)) over (
            partition by words.record_no, words.kind
        )) as weight,
        row_number() over (partition by words.record_no, words.kind order by words.records, words.token) as place
    from (
        select *, count(*) over (partition by kind, token) as records from {{ ref('matched_products__words') }}
    ) as words
    cross join size
    where words.kind <> 'brand'

),

keys as (

    select weighed.*, size.systems
    from weighed
    cross join size
    where case
        when kind in ('model', 'code') then weighed.records <= {{ find.shared_model or 0 }}
        else place <= {{ find.rarest or 0 }}
            and weighed.records <= least({{ find.common or 0 }}, {{ find.budget or 0 }} // ({{ find.rarest or 0 }} * size.records))
    end

),

alike as (

    select
        l.kind,
        l.record_no as one_no,
        r.record_no as other_no,
        l.system as one_system,
        r.system as other_system,
        round(sum(l.weight * r.weight), 6) as likeness
    from keys as l
    inner join keys as r
        on l.kind = r.kind and l.token = r.token
        and (l.system < r.system or l.systems = 1 and l.record_no < r.record_no)
        and (l.lacks_gtin or r.lacks_gtin)
    group by l.kind, l.record_no, r.record_no, l.system, r.system

),

nearest as (

    {%- for near, far in [('one', 'other'), ('other', 'one')] %}
    select kind, '{{ near }}' as side, {{ near }}_no as near_no, unnest({{ greatest_rows("{'likeness': likeness, 'record_no': -" ~ far ~ "_no}", find.nearest or 1) }}) as found
    from alike
    where kind not in ('model', 'code')
    group by kind, {{ near }}_no, {{ far }}_system
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

nearest_of_all as (

    select side, near_no, unnest({{ greatest_rows('found', find.nearest_in_all or 1) }}) as found
    from nearest
    group by kind, side, near_no

)

select
    case side when 'one' then near_no else -found.record_no end as one_no,
    case side when 'one' then -found.record_no else near_no end as other_no
from nearest_of_all
union
select one_no, other_no from alike where kind in ('model', 'code')
{%- endif %}
