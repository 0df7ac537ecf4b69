{#- How pairs of records look that nothing but chance brought together: a fixed sample, counted by pattern. Each record has ten pairs
    or more, of many records only each so many-th is in it: to look up few records many times costs less than many once. -#}
{% macro sample_chance(domain, evidence) %}
{%- set pairs, counted = declared(domain, 'learn.chance_pairs'), declared(domain, 'learn.counted') -%}
{%- set usual = '2 * ' ~ declared(domain, 'learn.prior_pairs') -%}
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
){% if counted %},

{#- How many times more often than expected both agree in sampled pairs of records that stand `apart`: counts squared are pairs, twice. -#}
counts as (

    select
        one is not null as of_one,
        other is not null as of_other,
        pow(count(*), 2) * case when apart is not null then -0.5 else 0.5 end as pairs
    from (
        select {{ counted.one }} as one, {{ counted.other }} as other, {{ counted.apart }} as apart
        from numbered
        inner join {{ evidence }} using (record_no)
    )
    where one is not null and other is not null and apart is not null
    group by cube (one, other, apart)

),

agreeing as (

    select greatest(1, (of_both + {{ usual }}) / (of_one * of_other / of_any + {{ usual }})) as excess
    from (
        select
            coalesce(sum(pairs) filter (of_one and of_other), 0) as of_both,
            coalesce(sum(pairs) filter (of_one and not of_other), 0) as of_one,
            coalesce(sum(pairs) filter (of_other and not of_one), 0) as of_other,
            greatest(coalesce(sum(pairs) filter (not of_one and not of_other), 0), 1) as of_any
        from counts
    )

)
{%- endif %}

select
    counted.*,
    size.records{% if counted %},
    agreeing.excess{% endif %}
from ({{ count_patterns(domain, 'compared') }}) as counted
cross join size
{%- if counted %}
cross join agreeing
{%- endif %}
{% endmacro %}
