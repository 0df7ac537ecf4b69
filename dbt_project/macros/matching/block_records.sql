{#- The keys of each record under the declared rules: only records that share one are ever compared. A record holds a key of a rule
    once, which needs no look at other records: a `union` would sort out all that came before it, too. No two rules have a key in
    common, so that a key alone names a block. Of rules for few records, those named as `few` hold. -#}
{% macro block_records(domain, evidence, keys=none, few=[]) %}
{%- set near, rules = narrowed(evidence, keys, 'record_no'), declared(domain, 'blocks.rules') %}
with keyed as (
    {% for rule in rules if rule.up_to is not defined or rule.name in few %}
    {%- set number = rules.index(rule) %}
    {%- for key in rule.get('keys', []) %}
    {%- set parts = [key] if key is string else key %}
    select {{ number }} as rule, {{ block_key(number, parts) }} as key, record_no
    from {{ near }}
    where {{ parts | join(' is not null and ') }} is not null
    {%- for other in rule['keys'][:loop.index0] %} and {{ is_other_key(parts, [other] if other is string else other) }}{% endfor %}
    {% if not loop.last %}union all{% endif %}
    {%- else %}
    select {{ number }} as rule, {{ block_key(number, ['part', 'beside'] if rule.beside is defined else ['part']) }} as key, record_no
    from (
        select record_no{{ ', beside' if rule.beside is defined }}, unnest(case when array_length(parts) > 1 then list_distinct(parts) else parts end) as part
        from (
            select record_no, {{ rule['each'] }} as parts{% if rule.beside is defined %}, {{ rule.beside }} as beside{% endif %}
            from {{ near }}
        )
        {%- if rule.beside is defined %}
        where beside is not null
        {%- endif %}
    )
    where part is not null
    {%- endfor %}
    {% if not loop.last %}union all{% endif %}
    {%- else %}
    select 0 as rule, {{ block_key(0, ['record_id']) }} as key, record_no from {{ near }}
    {%- endfor %}

)

select cast(rule as tinyint) as rule, key, record_no from keyed
{% endmacro %}

{#- That a key, of which all parts are there, is not another one: only the parts in which they differ are looked at, and of another
    number of parts none. -#}
{% macro is_other_key(parts, others) -%}
  {%- set apart = [] -%}
  {%- for part in parts if parts | length == others | length -%}
    {%- if part != others[loop.index0] -%}{%- do apart.append(part ~ ' is distinct from ' ~ others[loop.index0]) -%}{%- endif -%}
  {%- endfor -%}
  {{ '(' ~ apart | join(' or ') ~ ')' if apart else 'true' }}
{%- endmacro %}

{#- A number for the parts of a key under a rule, of 64 bits: among a hundred million such numbers two are hardly ever one. -#}
{% macro block_key(rule, parts) -%}
  {{ return(adapter.dispatch('block_key')(rule, parts)) }}
{%- endmacro %}

{% macro default__block_key(rule, parts) -%}
hash({{ rule }}, {{ parts | join(', ') }})
{%- endmacro %}

{% macro spark__block_key(rule, parts) -%}
xxhash64({{ rule }}, {{ parts | join(', ') }})
{%- endmacro %}
