{#- What stewards set by hand on the golden records of a domain, the latest per attribute; `problem` says why a row cannot hold,
    such as another one of the same day on another record that says otherwise. -#}
{% macro decided(domain, records, golden_id, traits) -%}
select
    records.{{ golden_id }},
    overrides.attribute,
    case overrides.attribute
        {%- for attributes in traits.values() %}
        {%- for attribute in attributes %}
        when '{{ attribute }}' then cast(try_cast(overrides.value as {{ attribute_type(attribute) }}) as varchar)
        {%- endfor %}
        {%- endfor %}
    end as value,
    overrides.record_id,
    overrides.steward,
    overrides.reason,
    overrides.decided_on,
    case
        when overrides.attribute not in ({% for attributes in traits.values() %}'{{ attributes | join("', '") }}'{{ ', ' if not loop.last }}{% endfor %})
            then 'no such attribute of {{ domain }}'
        {%- for attributes in traits.values() %}
        {%- for attribute in attributes if attribute_type(attribute) != 'varchar' %}
        when overrides.attribute = '{{ attribute }}' and overrides.value is not null and try_cast(overrides.value as {{ attribute_type(attribute) }}) is null
            then 'not a {{ attribute_type(attribute) }}'
        {%- endfor %}
        {%- endfor %}
        when length(overrides.value) > 1000 then 'longer than 1,000 characters'
        when overrides.attribute = 'template_name' and overrides.value is null then 'a product has a name'
        {%- for name, other in [('full_name', 'company_name'), ('company_name', 'full_name')] if domain == 'customers' %}
        when overrides.attribute = '{{ name }}' and overrides.value is null and (
            not exists (
                select 1 from {{ records }} as fellow
                where fellow.{{ golden_id }} = records.{{ golden_id }} and not fellow.is_deleted and fellow.{{ other }} is not null
            )
            or bool_or(overrides.attribute = '{{ other }}' and overrides.value is null) over (partition by records.{{ golden_id }})
        ) then 'a customer has a name'
        {%- endfor %}
        {%- for attributes in traits.values() %}
        {%- for attribute in attributes if attribute_form(attribute) %}
        when overrides.attribute = '{{ attribute }}' and not regexp_full_match(overrides.value, '{{ attribute_form(attribute) }}')
            then 'not written as {{ attribute_form(attribute) }}'
        {%- endfor %}
        {%- endfor %}
        when min(coalesce(overrides.value, '')) over of_one_day <> max(coalesce(overrides.value, '')) over of_one_day
            then 'rows of one day contradict each other: ' || min(overrides.record_id) over of_one_day
                || ' and ' || max(overrides.record_id) over of_one_day
    end as problem
from {{ ref('golden_overrides') }} as overrides
inner join {{ records }} as records on overrides.record_id = records.record_id
where overrides.domain = '{{ domain }}' and records.{{ golden_id }} is not null and not records.is_deleted
window of_one_day as (partition by records.{{ golden_id }}, overrides.attribute, overrides.decided_on)
qualify row_number() over (
    partition by records.{{ golden_id }}, overrides.attribute
    order by overrides.decided_on desc, overrides.value, overrides.steward, overrides.reason, overrides.record_id
) = 1
{%- endmacro %}

{#- How golden writes an attribute of few forms, as a regular expression; none for any other. -#}
{% macro attribute_form(attribute) -%}
  {{ return({
    'kind': 'person|company',
    'country_code': '[A-Z]{2}',
    'language': '[a-z]{2}',
    'gtin14': '[0-9]{14}',
    'birth_on': '[0-9]{4}-[0-9]{2}-[0-9]{2}',
  }.get(attribute)) }}
{%- endmacro %}

{#- The type of an attribute that is not text. -#}
{% macro attribute_type(attribute) -%}
  {{ return({
    'birth_on': 'date',
    'accepts_marketing': 'boolean',
    'tax_rate': 'decimal(5, 2)',
    'weight_g': 'bigint',
  }.get(attribute, 'varchar')) }}
{%- endmacro %}
