{#- The columns identify a row: never null, never twice. One query instead of two tests. -#}
{% test is_key(model, column_name=none, columns=none) %}
{%- set key = columns or [column_name] -%}
{%- set anew = rows_to_test(model) -%}
select {{ key | join(', ') }}, count(*) as appearances
from {{ model }}
{%- if anew is not none %}
where hash({{ key | join(', ') }}) in (select hash({{ key | join(', ') }}) from {{ anew }} as anew)
{%- endif %}
group by {{ key | join(', ') }}
having count(*) > 1 or count({{ key | join(') < count(*) or count(') }}) < count(*)
{% endtest %}
