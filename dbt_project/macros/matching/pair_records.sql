{#- Every pair of records that at least one block of bearable size brings together. -#}
{% macro pair_records(domain, blocks) %}
select
    l.record_no as left_no,
    r.record_no as right_no,
    bit_or(1 << cast(l.rule as integer)) as rules
from {{ blocks }} as l
inner join {{ blocks }} as r
    on l.rule = r.rule and l.key = r.key and l.record_no < r.record_no
where l.records <= {{ declared(domain, 'blocks.cap') }}
group by l.record_no, r.record_no
{% endmacro %}
