{#- No value of the columns is missing; a row names each column where some are. One query instead of a test per column. -#}
{% test is_filled(model, columns) %}
{%- for column in columns %}
select '{{ column }}' as column_name, count(*) as missing
from {{ model }}
where {{ column }} is null
having count(*) > 0
{%- if not loop.last %}

union all
{% endif %}
{%- endfor %}
{% endtest %}
