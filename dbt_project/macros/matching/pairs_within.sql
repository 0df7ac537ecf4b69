{#- Every pair inside a component, also those that no block brought together, with the stewards' decisions on top. -#}
{% macro pairs_within(domain, components, pairs, evidence, model, scores, decisions, keys=none) %}
with members as (

    select record_no, component_no, count(*) over (partition by component_no) as records
    from {{ components }}
    where {{ is_touched(keys, 'component_no') }}
    qualify records > 1

),

inside as (

    select l.record_no as left_no, r.record_no as right_no, l.component_no
    from members as l
    inner join members as r on l.component_no = r.component_no and l.record_no < r.record_no

),

unscored as (

    select left_no, right_no
    from inside
    anti join {{ pairs }} as pairs using (left_no, right_no)

),

compared as (
    {{ compare_pairs(domain, 'unscored', evidence) }}
),

completed as (
    {{ score_pairs(domain, 'compared', model) }}
),

scored as (

    select left_no, right_no, bits from completed
    union all
    select left_no, right_no, bits from {{ scores }}

)

select
    inside.component_no,
    inside.left_no,
    inside.right_no,
    case decisions.decision
        when 'must' then cast('infinity' as double)
        when 'cannot' then cast('-infinity' as double)
        else scored.bits
    end as bits
from inside
inner join scored using (left_no, right_no)
left join {{ decisions }} as decisions using (left_no, right_no)
{% endmacro %}
