{#- Names the right way round: `words` says how often each word stands first and last. A lone word may be either. -#}
{% macro oriented_names(records, words) %}
select
    * exclude (first_word, second_word, last_word, last_words, is_swapped),
    case when is_swapped then last_word else first_word end as first_name,
    case when not is_swapped then second_word end as second_name,
    case when is_swapped then first_word else last_word end as last_name,
    case when is_swapped then [first_word] else last_words end as last_names
from (
    select
        records.*,
        coalesce(
            case
                when last_word is null then f.as_last > 2 * f.as_first
                when first_word is null then l.as_first > 2 * l.as_last
                else (f.as_last + 1) * (l.as_first + 1) > 10 * (f.as_first + 1) * (l.as_last + 1)
            end,
            false
        ) as is_swapped
    from {{ records }} as records
    left join {{ words }} as f on records.first_word = f.word
    left join {{ words }} as l on records.last_word = l.word
)
{% endmacro %}
