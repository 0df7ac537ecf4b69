{#- Every pair inside a component, also those that no block brought together, with the stewards' decisions on top. -#}
{% macro pairs_within(domain, components, evidence, model, scores, decisions, keys=none) %}
{%- set known = scores if keys is none else '(select left_no, right_no, bits from ' ~ scores ~ ' where left_no in (select record_no from members))' %}
with members as (

    select record_no, component_no, count(*) over (partition by component_no) as records
    from {{ components }}
    where {{ is_touched(keys, 'component_no') }}
    qualify records > 1

),

inside as (

    select l.record_no as left_no, r.record_no as right_no, l.component_no, scores.bits
    from members as l
    inner join members as r on l.component_no = r.component_no and l.record_no < r.record_no
    left join {{ known }} as scores on l.record_no = scores.left_no and r.record_no = scores.right_no

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
