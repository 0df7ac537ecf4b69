{#- How pairs of records look that nothing but chance brought together: a fixed sample, counted by pattern. Of more records than
    pairs are asked for, each so many-th has one pair. -#}
{% macro sample_chance(domain, evidence) %}
with numbered as (

    select record_no, row_number() over (order by record_no) as place from {{ evidence }}

),

size as (

    select
        count(*) as records,
        greatest(1, least(count(*) - 1, {{ declared(domain, 'learn.chance_pairs') }} // greatest(count(*), 1))) as steps,
        greatest(1, count(*) // {{ declared(domain, 'learn.chance_pairs') or 1 }}) as stride
    from {{ evidence }}

),

sampling as (

    select
        record_no,
        place,
        records,
        unnest(range(1, steps + 1)) as step
    from numbered
    cross join size
    where place % stride = 0

),

sampled as (

    select
        l.record_no as left_no,
        r.record_no as right_no
    from sampling as l
    inner join numbered as r
        on r.place = 1 + (l.place + (l.step * 7919 + l.place * 104729) % greatest(l.records - 1, 1)) % l.records

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
