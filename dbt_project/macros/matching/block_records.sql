{#- The records that share a key under a declared rule: the only pairs that are ever compared. -#}
{% macro block_records(domain, evidence) %}
with keyed as (
    {% for rule in declared(domain, 'blocks.rules') %}
    {%- set number = loop.index0 %}
    {%- for key in rule['keys'] %}
    select {{ number }} as rule, hash({{ key }}) as key, record_no from {{ evidence }} where {{ key }} is not null
    {% if not loop.last %}union{% endif %}
    {%- endfor %}
    {% if not loop.last %}union all{% endif %}
    {%- else %}
    select 0 as rule, hash(record_id) as key, record_no from {{ evidence }}
    {%- endfor %}

)

select
    cast(rule as tinyint) as rule,
    key,
    record_no,
    count(*) over (partition by rule, key) as records
from keyed
qualify records > 1
{% endmacro %}
