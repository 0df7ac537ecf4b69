{#- Whole grams of a weight in any unit that a shop may use; zero is unknown. -#}
{% macro grams(value, unit) -%}
nullif(cast(round({{ value }} * case upper({{ unit }})
    when 'GRAMS' then 1
    when 'KILOGRAMS' then 1000
    when 'OUNCES' then 28.349523125
    when 'POUNDS' then 453.59237
end) as bigint), 0)
{%- endmacro %}
