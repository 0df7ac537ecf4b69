{#- Why two channels state different amounts. rounding: a cent at most; late: the channel has not followed the change that the
    golden price began with; wrong: anything else. -#}
{% macro price_disagreement() -%}
case
    when abs(amount - golden_amount) <= 0.01 then 'rounding'
    when
        abs(amount - golden_amount * (100 + tax_rate) * 0.01) > 0.01
        and golden_from_at > coalesce(valid_from_at, event_at)
        and event_at < golden_from_at
        then 'late'
    else 'wrong'
end
{%- endmacro %}
