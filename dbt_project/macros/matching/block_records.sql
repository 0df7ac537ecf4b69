{#- The keys of each record under the declared rules: only records that share one are ever compared. -#}
{% macro block_records(domain, evidence, keys=none) %}
with keyed as (
    {% for rule in declared(domain, 'blocks.rules') %}
    {%- set number = loop.index0 %}
    {%- for key in rule.get('keys', []) %}
    select {{ number }} as rule, hash({{ key }}) as key, record_no from {{ evidence }} where {{ key }} is not null and {{ is_touched(keys, 'record_no') }}
    {% if not loop.last %}union{% endif %}
    {%- else %}
    select distinct {{ number }} as rule, hash(key) as key, record_no
    from (select record_no, unnest({{ rule['each'] }}) as key from {{ evidence }})
    where key is not null and {{ is_touched(keys, 'record_no') }}
    {%- endfor %}
    {% if not loop.last %}union all{% endif %}
    {%- else %}
    select 0 as rule, hash(record_id) as key, record_no from {{ evidence }} where {{ is_touched(keys, 'record_no') }}
    {%- endfor %}

)

select cast(rule as tinyint) as rule, key, record_no from keyed
{% endmacro %}
