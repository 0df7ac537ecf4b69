{#- International form +<calling code><number>. `plan` is a row of calling_codes for the record's country; a number
    without an international prefix is read as national there, or left as it is where it is too long to be one. One digit
    over and over is no number. -#}
{% macro phone_number(value, plan) -%}
{%- set digits = replace_all("replace(" ~ value ~ ", '(0)', '')", '[^0-9]', '') -%}
case
    when replace({{ digits }}, left({{ digits }}, 1), '') = '' then null
    when ltrim({{ value }}, ' (') like '+%' then '+' || {{ digits }}
    when {{ digits }} like '00%' then '+' || substr({{ digits }}, 3)
    when length({{ digits }}) > {{ plan }}.longest_number and {{ digits }} like {{ plan }}.calling_code || '%'
        then '+' || {{ digits }}
    when {{ plan }}.calling_code is null then {{ digits }}
    when {{ plan }}.trunk_prefix <> '' and {{ digits }} like {{ plan }}.trunk_prefix || '%'
        then '+' || {{ plan }}.calling_code || substr({{ digits }}, length({{ plan }}.trunk_prefix) + 1)
    when length({{ digits }}) > {{ plan }}.longest_number then {{ digits }}
    else '+' || {{ plan }}.calling_code || {{ digits }}
end
{%- endmacro %}
