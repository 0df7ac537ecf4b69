{#- Every pair inside a component, also those that no block brought together, with the stewards' decisions on top. -#}
{% macro pairs_within(domain, components, evidence, model, scores, decisions, keys=none) %}
{%- set known = scores if keys is none else '(select left_no, right_no, bits from ' ~ scores ~ ' where left_no in (select unnest(records) from members))' %}
with members as (

    select component_no, list(record_no) as records
    from {{ components }}
    where {{ is_touched(keys, 'component_no') }}
    group by component_no
    having count(*) > 1

),

inside as (

    select pairs.left_no, pairs.right_no, pairs.component_no, scores.bits
    from (
        select left_no, unnest(records) as right_no, component_no
        from (select component_no, records, unnest(records) as left_no from members)
    ) as pairs
    left join {{ known }} as scores using (left_no, right_no)
    where left_no < right_no

),

unscored as (

    select left_no, right_no from inside where bits is null

),

compared as (
    {{ compare_pairs(domain, 'select * from unscored', evidence, few=true) }}
),

completed as (
    {{ score_pairs(domain, 'compared', model) }}
)

select
    inside.component_no,
    inside.left_no,
    inside.right_no,
    case decisions.decision
        when 'must' then cast('infinity' as double)
        when 'cannot' then cast('-infinity' as double)
        else coalesce(inside.bits, completed.bits)
    end as bits
from inside
left join completed using (left_no, right_no)
left join {{ decisions }} as decisions using (left_no, right_no)
{% endmacro %}
