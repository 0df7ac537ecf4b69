{#- Digits of an article number, or null. -#}
{% macro gtin_digits(value) -%}
nullif({{ replace_all(value, '[\s-]', '') }}, '')
{%- endmacro %}

{#- What is wrong with an article number as typed; null if nothing is. Numbers that a shop gives itself identify nothing elsewhere. -#}
{% macro gtin_problem(value) -%}
{%- set digits = gtin_digits(value) -%}
{%- set padded = "lpad(" ~ digits ~ ", 14, '0')" -%}
case
    when {{ digits }} is null then null
    when not {{ matches(digits, '^[0-9]+$') }} then 'not a number'
    when length({{ digits }}) not in (8, 12, 13, 14) then 'wrong length'
    when replace({{ digits }}, '0', '') = '' then 'zeros only'
    when {{ gtin_check_sum(padded) }} % 10 <> 0 then 'wrong check digit'
    when length({{ digits }}) = 8 and left({{ digits }}, 1) in ('0', '2') then 'number of the shop''s own'
    when length({{ digits }}) <> 8 and {{ padded }} like '02%' then 'number of the shop''s own'
    when length({{ digits }}) <> 8 and substr({{ padded }}, 1, 3) in ('002', '004') then 'number of the shop''s own'
    when length({{ digits }}) <> 8 and ({{ padded }} like '005%' or substr({{ padded }}, 1, 3) in ('098', '099')) then 'coupon'
end
{%- endmacro %}

{#- The weighted sum of 14 digits; a multiple of ten if the check digit is right. -#}
{% macro gtin_check_sum(padded) -%}
({%- for position in range(1, 15) -%}
  {{ '3 * ' if position % 2 }}try_cast(substr({{ padded }}, {{ position }}, 1) as integer){{ ' + ' if not loop.last }}
{%- endfor -%})
{%- endmacro %}
