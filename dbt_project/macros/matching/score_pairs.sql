{#- Bits of evidence that a pair is one party rather than one household or chance: log2 of the posterior odds. What its levels say
    is summed once for all pairs of one pattern, of which there are few; what its own values add is not. -#}
{% macro score_pairs(domain, compared, model, keys=none) %}
{%- set together, comparisons = declared(domain, 'learn.together'), declared(domain, 'compare.comparisons') -%}
with weights as (
    {{ learnt_weights(domain, model) }}
),

compared_pairs as not materialized (

    select * from {{ narrowed(compared, keys, ['left_no', 'right_no']) }} as compared

),

patterns as (

    select
        pattern,
        {%- for comparison in comparisons if comparison.share is defined %}
        {{ comparison.name }} = 0 as {{ comparison.name }}_agrees,
        {%- endfor %}
        {%- for both in together[:1] %}
        {{ go_together(domain, both) }} as go_together,
        {%- endfor %}
        {%- for class in ['match', 'household', 'chance'] %}
        prior_{{ class }}
        {%- for comparison in comparisons %}
        + coalesce({{ 'case when ' ~ comparison.name ~ ' > 0 then ' if class == 'chance' and comparison.share is defined }}{{ comparison.name }}_{{ class }}[{{ comparison.name }} + 1]{{ ' end' if class == 'chance' and comparison.share is defined }}, 0)
        {%- endfor %}
        {%- for both in together if class == 'chance' %}
        + case when {{ go_together(domain, both) }} then together_chance[{{ loop.index }}] else 0 end
        {%- endfor %}
        as log_{{ class }}{{ ',' if not loop.last }}
        {%- endfor %}
    from (
        select pattern{% if comparisons %}, {{ levels_of(domain) }}{% endif %}
        from (select distinct pattern from compared_pairs)
    )
    cross join weights

),

weighed as (

    select
        left_no,
        right_no,
        log_match,
        log_household,
        log_chance
        {%- for comparison in comparisons if comparison.share is defined %}
        + coalesce(case when {{ comparison.name }}_agrees then {{ shared_value_weight(domain, comparison) }} end, 0)
        {%- endfor %}
        {%- if together %}
        + case when go_together then log2(affinity / 1000000) else 0 end
        {%- endif %}
        as log_chance
    from compared_pairs as pairs
    inner join patterns using (pattern)
    cross join weights

)

select
    left_no,
    right_no,
    round(log_match - greatest(log_household, log_chance) - log2(1 + pow(2, -abs(log_household - log_chance))), 4) as bits
from weighed
{% endmacro %}

{#- Lays in the database `passing` what pairs of touched records said before, with their place: scores are those of the pairs compared, so
    that one look tells both models what was there. Where few are touched, pairs of all that were met come with them, for whom
    components bring together now. For scores that are touched where comparisons are, and nowhere else; called by these. -#}
{% macro meet_scores(domain, keys) -%}
  {%- if keys is not none and not is_idle(this.identifier) and not var('tidies', false) -%}
    {%- set scores = 'matched_' ~ domain ~ '__scores' -%}
    {%- set near = keys -%}
    {%- if is_told('matched_' ~ domain ~ '__evidence__met') -%}
      {%- set near = '(from ' ~ keys ~ ' union select record_no from passing.main."matched_' ~ domain ~ '__evidence")' -%}
    {%- endif -%}
    {%- call statement('met', auto_begin=false) -%}
create or replace table passing.main."{{ scores }}" as
select rowid as place, *
from matched.{{ scores }}
where {{ is_touched(near, 'left_no') }} or {{ is_touched(keys, 'right_no') }}
    {%- endcall -%}
    {%- do note(scores ~ '__met', true) -%}
    {%- do old_rows(keys, ['left_no', 'right_no'], 'passing.main."' ~ scores ~ '"') -%}
  {%- endif -%}
{%- endmacro %}

{#- What the model learnt as one row: per comparison and class a list of log2 probabilities, in the order of the levels. -#}
{% macro learnt_weights(domain, model) %}
select
    {%- for class in ['match', 'household', 'chance'] %}
    {%- for comparison in declared(domain, 'compare.comparisons') %}
    {{ ordered_list('log2(' ~ class ~ ')', 'level', "comparison = '" ~ comparison.name ~ "'") }} as {{ comparison.name }}_{{ class }},
    {%- endfor %}
    max(log2({{ class }})) filter (where comparison = 'prior') as prior_{{ class }},
    {%- endfor %}
    {{ ordered_list('log2(chance)', 'level', "comparison = 'together'") }} as together_chance,
    max(chance) filter (where comparison = 'records') as records
from {{ model }}
{% endmacro %}

{#- log2 probability of a pair's level in a class. How likely chance gives an equal value depends on how common that value
    is; the learnt chance of any equal value only smooths it. -#}
{% macro level_weight(domain, comparison, class) -%}
{%- if class == 'chance' and comparison.share is defined -%}
case
    when {{ comparison.name }} = 0 then {{ shared_value_weight(domain, comparison) }}
    else {{ comparison.name }}_{{ class }}[{{ comparison.name }} + 1]
end
{%- else -%}
{{ comparison.name }}_{{ class }}[{{ comparison.name }} + 1]
{%- endif -%}
{%- endmacro %}

{% macro shared_value_weight(domain, comparison) -%}
{%- set smooth = declared(domain, 'learn.share_records') -%}
log2(({{ comparison.name }}_share * records / 1000000000 + pow(2, {{ comparison.name }}_chance[1]) * {{ smooth }}) / (records + {{ smooth }}))
{%- endmacro %}

{#- Whether two comparisons hold levels that are declared to go together by chance. -#}
{% macro go_together(domain, both) -%}
  {%- set agree = [] -%}
  {%- for comparison in declared(domain, 'compare.comparisons') if comparison.name in both -%}
    {%- set levels = [] -%}
    {%- for level in comparison.levels if level.together is defined -%}{%- do levels.append(comparison.levels.index(level)) -%}{%- endfor -%}
    {%- do agree.append(comparison.name ~ ' in (' ~ levels | join(', ') ~ ')') -%}
  {%- endfor -%}
  {{ agree | join(' and ') }}
{%- endmacro %}
