{#- How pairs of records look that nothing but chance brought together: a fixed sample, counted by pattern. Each record has ten pairs
    or more, of many records only each so many-th is in it: to look up few records many times costs less than many once. -#}
{% macro sample_chance(domain, evidence) %}
{%- set pairs = declared(domain, 'learn.chance_pairs') -%}
with size as (

    select
        count(*) as records,
        greatest(1, count(*) // greatest(1, {{ pairs }} // 10)) as stride
    from {{ evidence }}

),

numbered as (

    select
        record_no,
        row_number() over (order by record_no) as place,
        count(*) over () as places
    from (
        select
            record_no,
            row_number() over (order by record_no) as nth
        from {{ evidence }}
    )
    cross join size
    where nth % stride = 0

),

sampling as (

    select
        *,
        unnest(range(1, greatest(1, least(places - 1, {{ pairs }} // places)) + 1)) as step
    from numbered

),

sampled as (

    select
        l.record_no as left_no,
        r.record_no as right_no
    from sampling as l
    inner join numbered as r
        on r.place = 1 + (l.place + (l.step * 7919 + l.place * 104729) % greatest(l.places - 1, 1)) % l.places

),

compared as (
    {{ compare_pairs(domain, 'select * from sampled', evidence, few=true) }}
)

select
    counted.*,
    size.records
from ({{ count_patterns(domain, 'compared') }}) as counted
cross join size
{% endmacro %}
