{#- An amount without tax, in hundredths. -#}
{% macro net_amount(amount, basis, rate) -%}
cast(case {{ basis }}
    when 'net' then {{ amount }}
    when 'gross' then round({{ amount }} * 100 / (100 + {{ rate }}), 2)
end as decimal(18, 4))
{%- endmacro %}

{#- An amount with tax, in hundredths. -#}
{% macro gross_amount(amount, basis, rate) -%}
cast(case {{ basis }}
    when 'gross' then {{ amount }}
    when 'net' then round({{ amount }} * (100 + {{ rate }}) * 0.01, 2)
end as decimal(18, 4))
{%- endmacro %}
