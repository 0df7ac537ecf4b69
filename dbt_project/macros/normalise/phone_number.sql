{#- The first telephone number of a text, as digits where a spreadsheet took it for an amount (4.915112345678E+11, 491511234.0); null
    where that has cost it digits. -#}
{% macro written_number(value) -%}
case
    when {{ matches(value, '[\\x{ff10}-\\x{ff19}]') }} then {{ half_width(value) }}
    when {{ matches(value, '^ *[0-9]\\.[0-9]{6,}[eE]\\+?[0-9]+ *$') }} then
        case
            when length(regexp_extract({{ value }}, '[.]([0-9]+)', 1)) >= cast(regexp_extract({{ value }}, '([0-9]+) *$', 1) as integer) - 1
                then cast(cast(cast({{ value }} as double) as decimal(20, 0)) as varchar)
        end
    when {{ matches(value, '^ *[0-9]\\.[0-9]+[eE]\\+?[0-9]+ *$') }} then null
    when {{ matches(value, '^ *\\+?[0-9]{7,}\\.0 *$') }} then {{ replace_all(value, '\\.0 *$', '') }}
    when {{ matches(value, '[0-9][^0-9]*([;,|/]| or | oder | ou | und )') }}
        then {{ replace_all(value, '^((?:[^0-9;,|/]*[0-9]){7,}[^0-9;,|/]*?) *(?:[;,|/]| or | oder | ou | und ).*$', '\\1') }}
    else {{ value }}
end
{%- endmacro %}

{#- International form +<calling code><number>, as libphonenumber writes it. `plan` is a row of calling_codes for the record's
    country; a number without an international prefix is read as national there, or left as it is where its length says that
    it is none. An extension (x123, ext. 123, #123) goes. A trunk zero behind the calling code goes. One digit over and over is no number. -#}
{% macro phone_number(value, plan) -%}
{%- set digits = replace_all("replace(" ~ value ~ ", '(0)', '')", '[fF][aA][xX]|([xX#]|[dD]urchwahl|[pP]oste|[iI]nt\\.|[tT]oestel|[wW]ew\\.).*|[^0-9]', '') -%}
{%- set code = plan ~ '.calling_code' -%}
{%- set trunk = plan ~ '.trunk_prefix' -%}
{%- set without_trunk = "substr(" ~ digits ~ ", length(" ~ trunk ~ ") + 1)" -%}
case
    when replace({{ digits }}, left({{ digits }}, 1), '') = '' then null
    when ltrim({{ value }}, ' (') like '+%' then '+' || {{ without_zero(digits, plan) }}
    when {{ digits }} like '00%' then '+' || {{ without_zero("substr(" ~ digits ~ ", 3)", plan) }}
    when {{ code }} is null then {{ digits }}
    when {{ trunk }} <> '' and {{ digits }} like {{ trunk }} || '%' and length({{ without_trunk }}) between {{ plan }}.shortest_number and {{ plan }}.longest_number
        then '+' || {{ code }} || {{ without_trunk }}
    when {{ digits }} like {{ code }} || '%' and length({{ digits }}) - length({{ code }}) >= {{ plan }}.shortest_number
        and (length({{ digits }}) > {{ plan }}.longest_number or {{ trunk }} = '0')
        then '+' || {{ without_zero(digits, plan) }}
    when length({{ digits }}) not between {{ plan }}.shortest_number and {{ plan }}.longest_number then {{ digits }}
    else '+' || {{ code }} || {{ digits }}
end
{%- endmacro %}

{#- An international number of the plan's country without the zero that is dialled within it. -#}
{% macro without_zero(digits, plan) -%}
case
    when {{ plan }}.trunk_prefix like '0%' and {{ digits }} like {{ plan }}.calling_code || {{ plan }}.trunk_prefix || '%'
        then {{ plan }}.calling_code || substr({{ digits }}, length({{ plan }}.calling_code || {{ plan }}.trunk_prefix) + 1)
    else {{ digits }}
end
{%- endmacro %}
