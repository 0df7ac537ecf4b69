{#- How the texts of each pair agree, word by word: cosines and what share of one name the other record repeats. `weights`
    gives kind, token, weight of each word. What two records share is looked up with a left join: that keeps its place, where an inner
    one may be made first, of all words with all words. -#}
{% macro text_likeness(pairs, words, weights) %}
with weighed as (

    select
        words.record_no,
        words.kind,
        words.token,
        weights.weight,
        weights.weight / nullif(sqrt(sum(weights.weight * weights.weight) over (partition by words.record_no, words.kind)), 0) as part
    from {{ words }} as words
    inner join {{ weights }} as weights on words.kind = weights.kind and words.token = weights.token

),

shared as (

    select
        pairs.one_no,
        pairs.other_no,
        {%- for kind in ['name', 'letters', 'all', 'brand'] %}
        coalesce(sum(l.part * r.part) filter (where l.kind = '{{ kind }}'), 0) as {{ kind }},
        {%- endfor %}
        max(l.weight) filter (where l.kind = 'model' and r.record_no is not null) as model,
        max(l.weight) filter (where l.kind = 'code' and r.record_no is not null) as code
    from {{ pairs }} as pairs
    inner join weighed as l on pairs.one_no = l.record_no
    left join weighed as r on pairs.other_no = r.record_no and l.kind = r.kind and l.token = r.token
    group by pairs.one_no, pairs.other_no

),

sides as (

    select one_no, other_no, one_no as named_no, other_no as told_no from {{ pairs }}
    union all
    select one_no, other_no, other_no, one_no from {{ pairs }}

),

repeated as (

    select
        sides.one_no,
        sides.other_no,
        sides.named_no,
        sum(l.weight) filter (where r.record_no is not null) / sum(l.weight) as share
    from sides
    inner join weighed as l on sides.named_no = l.record_no and l.kind = 'name'
    left join weighed as r on sides.told_no = r.record_no and r.kind = 'all' and l.token = r.token
    group by sides.one_no, sides.other_no, sides.named_no

),

covered as (

    select one_no, other_no, min(coalesce(share, 0)) as least, max(coalesce(share, 0)) as most
    from repeated
    group by one_no, other_no

)

select
    pairs.one_no,
    pairs.other_no,
    {%- for measure in ['name', 'letters', 'all', 'brand', 'model', 'code'] %}
    round(coalesce(shared.{{ measure }}, 0), 6) as {{ measure }}_likeness,
    {%- endfor %}
    round(coalesce(covered.least, 0), 6) as least_repeated,
    round(coalesce(covered.most, 0), 6) as most_repeated
from {{ pairs }} as pairs
left join shared on pairs.one_no = shared.one_no and pairs.other_no = shared.other_no
left join covered on pairs.one_no = covered.one_no and pairs.other_no = covered.other_no
{% endmacro %}
