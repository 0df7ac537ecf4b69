{#- Digits of an article number, or null: without the mark and the decimal places that spreadsheets give to a number. -#}
{% macro gtin_digits(value) -%}
nullif({{ replace_all(value, "[\\s-]|^\\s*\\x27|\\.0+\\s*$", '') }}, '')
{%- endmacro %}

{#- What is wrong with an article number as typed; null if nothing is. A UPC of eleven digits has lost its zero in a spreadsheet. Numbers
    that a shop gives itself identify nothing elsewhere, whatever the case they are on and however many zeros stand before them. -#}
{% macro gtin_problem(value) -%}
{%- set digits = gtin_digits(value) -%}
{%- set padded = "lpad(" ~ digits ~ ", 14, '0')" -%}
{%- set said = replace_all("left(" ~ padded ~ ", 13)", '^0+', '') -%}
case
    when {{ digits }} is null then null
    when not {{ matches(digits, '^[0-9]+$') }} then 'not a number'
    when length({{ digits }}) not in (8, 11, 12, 13, 14) then 'wrong length'
    when replace({{ digits }}, '0', '') = '' then 'zeros only'
    when {{ gtin_check_sum(padded) }} % 10 <> 0 then 'wrong check digit'
    when {{ said }} like '123456789%' or {{ said }} = '1234567' or replace({{ said }}, left({{ said }}, 1), '') = '' then 'placeholder'
    when {{ padded }} like '000000%' then case when substr({{ padded }}, 7, 1) in ('0', '2') then 'number of the shop''s own' end
    when substr({{ padded }}, 2, 1) = '2' or substr({{ padded }}, 2, 2) in ('02', '04') then 'number of the shop''s own'
    when substr({{ padded }}, 2, 2) in ('05', '98', '99') then 'coupon'
end
{%- endmacro %}

{#- The weighted sum of 14 digits; a multiple of ten if the check digit is right. -#}
{% macro gtin_check_sum(padded) -%}
({%- for position in range(1, 15) -%}
  {{ '3 * ' if position % 2 }}try_cast(substr({{ padded }}, {{ position }}, 1) as integer){{ ' + ' if not loop.last }}
{%- endfor -%})
{%- endmacro %}
