{#- The stewards' decisions of match_overrides.csv that concern records we have; the later decision on a pair holds. -#}
select
    least(l.record_no, r.record_no) as left_no,
    greatest(l.record_no, r.record_no) as right_no,
    decision,
    steward,
    reason,
    decided_on
from {{ ref('match_overrides') }} as overrides
inner join {{ ref('matched_customers__evidence') }} as l on overrides.left_record_id = l.record_id
inner join {{ ref('matched_customers__evidence') }} as r on overrides.right_record_id = r.record_id
where l.record_no <> r.record_no
qualify row_number() over (
    partition by least(l.record_no, r.record_no), greatest(l.record_no, r.record_no)
    order by decided_on desc, decision
) = 1
