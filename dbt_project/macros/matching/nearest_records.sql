{#- Pairs of records whose texts are most alike: the nearest of each record in each other system, seen from both sides, and
    those that share a rare model number. A word that thousands share, or that is not among a record's rarest, finds nothing.
    `within` asks for pairs of one system each instead. -#}
{% macro nearest_records(words, evidence, within=false) %}
{%- set find = declared('products', 'likeness.find') -%}
{%- set places = 2 ** 32 -%}
{%- set last = places - 1 -%}
{%- set in_system = 2 ** 28 -%}
{%- set kinds = ['name', 'all', 'letters', 'model', 'code'] -%}
{%- set meet = 'l.system = r.system and l.place < r.place' if within else '(l.system < r.system or l.systems = 1 and l.place < r.place)' -%}
with numbered as (

    select record_no, system, row_number() over (order by record_no) as position, min(record_no) over (partition by system) as first_no
    from (select distinct record_no, system from {{ words }})

),

{#- Where there are few systems, the nearest in each are asked for, and a place tells its system. That is not looked up for each likeness:
    DuckDB takes likenesses for few and keeps them all to look up systems in. -#}
records as (

    select
        record_no,
        system,
        cast(
            position + (dense_rank() over (order by first_no) - 1)
            * case when (select count(distinct system) from numbered) <= {{ find.few_systems or 0 }} then {{ in_system }} else 0 end
            as integer
        ) as place
    from numbered

),

size as (

    select
        count(*) as records,
        count(distinct system) as systems,
        case when count(distinct system) > {{ find.few_systems or 0 }} then {{ find.nearest_in_all or 0 }} else {{ find.nearest or 0 }} end as most
    from records

),

weighed as (

    select
        words.record_no,
        words.lacks_gtin,
        words.kind,
        words.token,
        words.records,
        ln(1 + size.records / words.records) / sqrt(sum(pow(ln(1 + size.records / words.records), 2)) over (
            partition by words.record_no, words.kind
        )) as weight,
        row_number() over (partition by words.record_no, words.kind order by words.records, words.token) as place
    from (
        select *, count(*) over (partition by kind, token) as records from {{ words }}
    ) as words
    cross join size
    where words.kind <> 'brand'

),

rare as (

    select
        weighed.kind,
        weighed.token,
        weighed.weight,
        weighed.lacks_gtin,
        weighed.records,
        records.place,
        records.system,
        size.systems
    from weighed
    inner join records on weighed.record_no = records.record_no
    cross join size
    where case
        when kind in ('model', 'code') then weighed.records <= {{ find.shared_model or 0 }}
        else weighed.place <= {{ find.rarest or 0 }} and weighed.records <= {{ find.common or 0 }}
    end

),

{#- How many pairs a word brings together: those of two systems, or of one where there is one or that is asked for, that are not both told by GTIN. -#}
meetings as (

    select
        kind,
        token,
        max(records) as records,
        case when {{ 'true' if within else 'max(systems) = 1' }} then sum(asked * (asked - 1) - told * (told - 1)) / 2
            else (pow(sum(asked), 2) - sum(asked * asked) - pow(sum(told), 2) + sum(told * told)) / 2
        end as pairs
    from (
        select kind, token, system, max(records) as records, max(systems) as systems, count(*) as asked, count(*) filter (where not lacks_gtin) as told
        from rare
        group by kind, token, system
    )
    group by kind, token

),

affordable as (

    select kind, token
    from (select *, sum(pairs) over (partition by kind order by records, token) as pairs_in_all from meetings)
    where pairs_in_all <= {{ find.budget or 0 }}

),

kept as (

    select rare.* from rare
    inner join affordable on rare.kind = affordable.kind and rare.token = affordable.token

),

{#- A word that finds none by itself, such as a size or a colour, tells variants apart beside each word that does. -#}
beside as (

    select records.place, weighed.token, weighed.weight
    from weighed
    inner join records on weighed.record_no = records.record_no
    anti join affordable on weighed.kind = affordable.kind and weighed.token = affordable.token
    where weighed.kind = 'name' and weighed.place <= {{ find.rarest or 0 }}

),

{#- Of what two records share there are tens of millions of rows: they hold numbers alone, a kind by its place. -#}
keys as (

    select
        case kind {% for kind in kinds %}when '{{ kind }}' then {{ loop.index }} {% endfor %}end as kind,
        token,
        weight,
        lacks_gtin,
        place,
        system,
        systems
    from kept
    union all
    select
        1,
        kept.token || ' ' || beside.token,
        beside.weight / sqrt(count(*) over (partition by kept.place, beside.token)),
        kept.lacks_gtin,
        kept.place,
        kept.system,
        kept.systems
    from kept
    inner join beside on kept.place = beside.place
    where kept.kind = 'name'

),

alike as (

    select
        l.kind,
        l.place as one,
        r.place as other,
        sum(l.weight * r.weight) as likeness
    from keys as l
    inner join keys as r
        on l.kind = r.kind and l.token = r.token
        and {{ meet }}
        and (l.lacks_gtin or r.lacks_gtin)
    group by l.kind, l.place, r.place

),

{#- A likeness and the place it is found at are one number, the likeness first: such numbers are compared in a fifth of the time. -#}
best as (

    {%- for near, far in [('one', 'other'), ('other', 'one')] %}
    select
        '{{ near }}' as side,
        {{ near }} as near,
        {{ greatest_rows("cast(round(likeness * 1000000) as bigint) * " ~ places ~ " + " ~ last ~ " - " ~ far, [find.nearest or 1, find.nearest_in_all or 1] | max) }} as found
    from alike
    where kind <= 3
    group by kind, {{ near }}, {{ far }} // {{ in_system }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

nearest as (

    select side, near, unnest(found[1:(select most from size)]) as found, coalesce(found[2], 0) as second
    from best

),

{#- One SKU is a pair to judge by its texts: it may be one article, or a running number of two shops. -#}
shared as (

    select records.place, records.system, evidence.sku, evidence.gtin14 is null as lacks_gtin, size.systems
    from (select *, count(*) over (partition by sku) as bearers from {{ evidence }}) as evidence
    inner join records on evidence.record_no = records.record_no
    cross join size
    where evidence.bearers <= {{ find.shared_model or 0 }}

),

pairs as (

    select
        case side when 'one' then near else {{ last }} - found % {{ places }} end as one,
        case side when 'one' then {{ last }} - found % {{ places }} else near end as other,
        found >= second as is_nearest
    from nearest
    union all
    select one, other, true from alike where kind > 3
    union all
    select l.place, r.place, true
    from shared as l
    inner join shared as r
        on l.sku = r.sku
        and {{ meet }}
        and (l.lacks_gtin or r.lacks_gtin)

)

select l.record_no as one_no, r.record_no as other_no, bool_or(pairs.is_nearest) as is_nearest
from pairs
inner join records as l on pairs.one = l.place
inner join records as r on pairs.other = r.place
group by l.record_no, r.record_no
{% endmacro %}
