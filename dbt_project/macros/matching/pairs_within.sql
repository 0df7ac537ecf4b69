{#- Every pair inside a component, also those that no block brought together, with the stewards' decisions on top. Of touched components
    only the pairs are looked up and compared that nobody scored in this build and that were not there before: records whose evidence
    stayed say the same of each other. -#}
{% macro pairs_within(domain, components, evidence, model, scores, decisions, keys=none, alike=none) %}
{%- set at_hand = met(evidence) if keys is not none and is_told(evidence.identifier ~ '__met') else none %}
with members as (

    select component_no, list(record_no) as records
    from {{ components }}
    where {{ is_touched(keys, 'component_no') }}
    group by component_no
    having count(*) > 1

),

pairs as (

    select left_no, right_no, component_no
    from (
        select left_no, unnest(records) as right_no, component_no
        from (select component_no, records, unnest(records) as left_no from members)
    )
    where left_no < right_no

),
{% if keys is not none %}
said as (
    {{ pairs_said('pairs', evidence, scores, keys) }}
),
{% endif %}
{#- Laid down, its size would be unknown to DuckDB, which then joins all texts with each other before it looks for those asked about. -#}
inside as {{ 'not materialized ' if alike is not none }}(

    select
        pairs.left_no,
        pairs.right_no,
        pairs.component_no,
        {{ 'scores.bits' if keys is none else 'coalesce(pairs.bits, scores.bits)' }} as bits
    from {{ 'pairs' if keys is none else 'said as pairs' }}
    left join {{ scores if keys is none else '(' ~ scores_of('said', scores, evidence) ~ ')' }} as scores using (left_no, right_no)

),

unscored as (

    select left_no, right_no from inside where bits is null

),
{% if alike is not none %}
resembling as (
    {{ alike }}
),
{% endif %}
compared as (
    {{ compare_pairs(domain, 'select * from unscored', evidence, few=true, at_hand=at_hand) }}
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
        else coalesce(inside.bits, {{ 'resembling.bits, ' if alike is not none }}completed.bits)
    end as bits
from inside
left join completed using (left_no, right_no)
{%- if alike is not none %}
left join resembling using (left_no, right_no)
{%- endif %}
left join {{ decisions }} as decisions using (left_no, right_no)
{% endmacro %}

{#- Pairs with the bits that this build gave them, or that they had before where neither their evidence nor their score changed; what
    a decision said is none. -#}
{% macro pairs_said(pairs, evidence, scores, keys) %}
{%- set scored = is_told(scores.identifier ~ '__made') %}
select pairs.*, {{ 'coalesce(anew.bits, before.bits)' if scored else 'before.bits' }} as bits
from {{ pairs }} as pairs
{%- if scored %}
left join {{ made_rows(scores.identifier) }} as anew using (left_no, right_no)
{%- endif %}
left join (
    select left_no, right_no, bits
    from {{ old_rows(keys, 'component_no') }}
    {%- if scored %}
    anti join {{ changed(scores.identifier) }} using (left_no, right_no)
    {%- endif %}
    where
        abs(bits) < cast('infinity' as double)
        {%- if is_told(evidence.identifier ~ '__made') %}
        and left_no not in (select record_no from {{ changed(evidence.identifier) }})
        and right_no not in (select record_no from {{ changed(evidence.identifier) }})
        {%- endif %}
) as before using (left_no, right_no)
{% endmacro %}

{#- Scores of the pairs that have no bits yet: of records that were met out of what their pairs said before (meet_scores), but for what
    this build changed. -#}
{% macro scores_of(pairs, scores, evidence) %}
{%- set asked = 'select left_no from ' ~ pairs ~ ' where bits is null' %}
{%- if is_told(scores.identifier ~ '__met') and is_told(evidence.identifier ~ '__met') %}
{%- set were_met = '(select record_no from ' ~ met(evidence) ~ ')' %}
select left_no, right_no, bits
from {{ met(scores) }}
anti join {{ changed(scores.identifier) }} using (left_no, right_no)
where left_no in ({{ asked }}) and left_no in {{ were_met }}
union all
select left_no, right_no, bits from {{ scores }} where left_no in ({{ asked }} and left_no not in {{ were_met }})
{%- else %}
select left_no, right_no, bits from {{ scores }} where left_no in ({{ asked }})
{%- endif %}
{% endmacro %}
