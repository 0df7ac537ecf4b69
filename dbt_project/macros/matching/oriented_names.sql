{#- Names the right way round: `words` says how often each word stands first and last. A lone word may be either; a particle
    in front of the given name is a sign by itself. -#}
{% macro oriented_names(records, words) %}
select
    * exclude (first_word, second_word, last_word, last_words, after_particle, is_swapped),
    case when is_swapped then last_word else first_word end as first_name,
    case when not is_swapped then second_word end as second_name,
    case when is_swapped then coalesce(after_particle, first_word) else last_word end as last_name,
    case when is_swapped then coalesce(after_particle, first_word) else last_words end as last_names
from (
    select
        records.*,
        coalesce(
            case
                when last_word is null then f.as_last > 2 * f.as_first
                when first_word is null then l.as_first > 2 * l.as_last
                else (coalesce(f.as_last, 0) + 1) * (coalesce(l.as_first, 0) + 1) > case when after_particle is null then 10 else 2 end * (coalesce(f.as_first, 0) + 1) * (coalesce(l.as_last, 0) + 1)
            end,
            false
        ) as is_swapped
    from {{ records }} as records
    left join {{ words }} as f on coalesce(records.after_particle, records.first_word) = f.word
    left join {{ words }} as l on records.last_word = l.word
)
{% endmacro %}

{#- The words of names of a system that has family names first, the other way round: of "Novák Jan Karel" Jan is the first. -#}
{% macro straight_words(records, is_turned) %}
{%- set family = 'coalesce(' ~ records ~ '.after_particle, ' ~ records ~ '.first_word)' -%}
{%- set given = 'coalesce(' ~ records ~ '.last_words, ' ~ records ~ '.last_word)' -%}
    {{ records }}.* exclude (first_word, second_word, last_word, last_words, after_particle),
    case when {{ is_turned }} then split_part({{ given }}, ' ', 1) else {{ records }}.first_word end as first_word,
    case when {{ is_turned }} then nullif(split_part({{ given }}, ' ', 2), '') else {{ records }}.second_word end as second_word,
    case when {{ is_turned }} then {{ family }} else {{ records }}.last_word end as last_word,
    case when {{ is_turned }} then {{ family }} else {{ records }}.last_words end as last_words,
    case when not {{ is_turned }} then {{ records }}.after_particle end as after_particle
{% endmacro %}

{#- Of a system that writes whole names where given names belong, what follows the first word is the family name. -#}
{% macro parted_words(records, of_system) %}
{%- set is_whole = '(' ~ of_system ~ ' and ' ~ records ~ '.last_word is null and ' ~ records ~ '.second_word is not null and contains(' ~ records ~ ".name_words, ' '))" -%}
    {{ records }}.* exclude (second_word, last_word, last_words),
    case when not {{ is_whole }} then {{ records }}.second_word end as second_word,
    case when {{ is_whole }} then split_part({{ records }}.name_words, ' ', -1) else {{ records }}.last_word end as last_word,
    case when {{ is_whole }} then substr({{ records }}.name_words, instr({{ records }}.name_words, ' ') + 1) else {{ records }}.last_words end as last_words
{% endmacro %}
