{#- Records of one system that share a partner, with the weaker of both links: one article listed twice, unless each of both has a word that
    the other lacks and partners nearly always repeat, as the size or colour of a variant is. Where most are told apart so, the system
    has variants, and none but records of the same texts are returned. -#}
{% macro fellow_records(scored, bags) %}
{%- set find, learn = declared('products', 'likeness.find'), declared('products', 'likeness.learn') -%}
with sharing as (

    {%- for side, across in [('one', 'other'), ('other', 'one')] %}
    select
        l.{{ side }}_system as system,
        l.{{ side }}_no as record_no,
        r.{{ side }}_no as fellow_no,
        l.{{ side }}_first_no = r.{{ side }}_first_no as is_repeat,
        max(least(l.bits, r.bits)) as bits
    from {{ scored }} as l
    inner join {{ scored }} as r
        on l.{{ across }}_no = r.{{ across }}_no and l.{{ side }}_system = r.{{ side }}_system and l.{{ side }}_no < r.{{ side }}_no
    where l.bits > 0 and r.bits > 0
    group by l.{{ side }}_system, l.{{ side }}_no, r.{{ side }}_no, l.{{ side }}_first_no, r.{{ side }}_first_no
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

links as (

    select one_no as named_no, other_no as told_no from {{ scored }} where is_mutual_best and bits > 0
    union all
    select other_no, one_no from {{ scored }} where is_mutual_best and bits > 0

),

kept_words as (

    select word
    from (select told_no, unnest(words) as word from links inner join {{ bags }} on named_no = record_no) as named
    inner join {{ bags }} as told on named.told_no = told.record_no
    where (select count(*) from sharing) > 0
    group by word
    having count(*) >= {{ find.doubt or 0 }}
        and sum(case when list_contains(told.all_words, word) then 1 else 0 end) >= {{ learn.kept_share or 0 }} * count(*)

),

telling as (

    select record_no, all_words, list(word) as words
    from (
        select record_no, all_words, unnest(words) as word
        from {{ bags }}
        where record_no in (select unnest([record_no, fellow_no]) from sharing)
    )
    where word in (select word from kept_words)
    group by record_no, all_words

),

judged as (

    select
        sharing.*,
        coalesce({{ unmatched('l.words', 'r.all_words') }} > 0 and {{ unmatched('r.words', 'l.all_words') }} > 0, false) as is_apart
    from sharing
    left join telling as l on sharing.record_no = l.record_no
    left join telling as r on sharing.fellow_no = r.record_no

),

shared as (

    select
        *,
        sum(case when is_apart then 1 else 0 end) over (partition by system) as apart,
        count(*) over (partition by system) as pairs
    from judged

)

select record_no, fellow_no, max(bits) as bits
from shared
where is_repeat or not is_apart and apart <= {{ learn.apart_share or 0 }} * pairs
group by record_no, fellow_no
{% endmacro %}
