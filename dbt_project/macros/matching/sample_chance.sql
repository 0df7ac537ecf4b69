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

sampled as (

    select
        l.record_no as left_no,
        r.record_no as right_no
    from numbered as l
    cross join size
    cross join unnest(range(1, size.steps + 1)) as steps (step)
    inner join numbered as r
        on r.place = 1 + (l.place + (step * 7919 + l.place * 104729) % greatest(records - 1, 1)) % records
    where l.place % stride = 0

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
