{#- The golden customers that changes touch: those that records belong to now, and those that they belonged to before. Tables are
    named as they are, without `ref`: a model that reads what follows from them is no parent of theirs. -#}
{% macro touch_customers() -%}
  {%- set shared = [] -%}
  {%- for attribute, value in [('email', 'email'), ('phone', 'right(phone, 9)'), ('phone', 'right(mobile, 9)'), ('birth_on', 'cast(birth_on as varchar)')] -%}
    {%- do shared.append("select customer_id from {changed} as listed inner join matched.matched_customers on listed.attribute = '" ~ attribute ~ "' and listed.value = " ~ value) -%}
  {%- endfor -%}
  {%- set of_records = 'select customer_id from {changed} inner join matched.matched_customers__ids using (record_id)' -%}
  {{ return(touch({
    'conformed_customers': of_records,
    'matched_customers__normalised': of_records,
    'matched_customers__ids': 'customer_id',
    'matched_customers__placeholders': shared | join(' union all '),
    'golden_customers__candidates': 'customer_id',
    'golden_customers': 'customer_id',
    'golden_customers__provenance': 'customer_id',
  })) }}
{%- endmacro %}
