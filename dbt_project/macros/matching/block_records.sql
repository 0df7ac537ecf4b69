{#- The keys of each record under the declared rules: only records that share one are ever compared. A record holds a key of a rule
    once, which needs no look at other records: a `union` would sort out all that came before it, too. No two rules have a key in
    common, so that a key alone names a block. -#}
{% macro block_records(domain, evidence, keys=none) %}
{%- set near = narrowed(evidence, keys, 'record_no') %}
with keyed as (
    {% for rule in declared(domain, 'blocks.rules') %}
    {%- set number = loop.index0 %}
    {%- for key in rule.get('keys', []) %}
    select {{ number }} as rule, {{ block_key(number, key) }} as key, record_no
    from {{ near }}
    where {{ key }} is not null{% for other in rule['keys'][:loop.index0] %} and {{ key }} is distinct from {{ other }}{% endfor %}
    {% if not loop.last %}union all{% endif %}
    {%- else %}
    select {{ number }} as rule, {{ block_key(number, 'key') }} as key, record_no
    from (select record_no, unnest(list_distinct({{ rule['each'] }})) as key from {{ near }})
    where key is not null
    {%- endfor %}
    {% if not loop.last %}union all{% endif %}
    {%- else %}
    select 0 as rule, {{ block_key(0, 'record_id') }} as key, record_no from {{ near }}
    {%- endfor %}

)

select cast(rule as tinyint) as rule, key, record_no from keyed
{% endmacro %}

{#- A number for a value under a rule, of 64 bits: among a hundred million such numbers two are hardly ever one. -#}
{% macro block_key(rule, value) -%}
  {{ return(adapter.dispatch('block_key')(rule, value)) }}
{%- endmacro %}

{% macro default__block_key(rule, value) -%}
hash({{ rule }}, {{ value }})
{%- endmacro %}

{% macro spark__block_key(rule, value) -%}
xxhash64({{ rule }}, {{ value }})
{%- endmacro %}
