{#- The stewards' decisions about records we have; the later decision on a pair holds. Opposite decisions of one day contradict
    each other: neither is later, and `contradicted_by` says who said the other. -#}
{% macro steward_decisions(overrides, evidence, domain) %}
select
    least(l.record_no, r.record_no) as left_no,
    greatest(l.record_no, r.record_no) as right_no,
    decision,
    steward,
    reason,
    decided_on,
    case
        when min(decision) over same_day <> max(decision) over same_day
            then max(decision || ' by ' || steward) over same_day
    end as contradicted_by
from {{ overrides }} as overrides
inner join {{ evidence }} as l on overrides.left_record_id = l.record_id
inner join {{ evidence }} as r on overrides.right_record_id = r.record_id
where overrides.domain = '{{ domain }}' and l.record_no <> r.record_no
window same_day as (partition by least(l.record_no, r.record_no), greatest(l.record_no, r.record_no), decided_on)
qualify row_number() over (
    partition by least(l.record_no, r.record_no), greatest(l.record_no, r.record_no)
    order by decided_on desc, decision, steward, reason, left_record_id
) = 1
{% endmacro %}
