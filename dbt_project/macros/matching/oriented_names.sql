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
