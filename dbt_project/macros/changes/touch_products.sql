{#- The golden products (`product_id`), variants (`variant_id`) or both that changes touch: those that records belong to now, and
    those that they belonged to before. Tables are named as they are, without `ref`, as in touch_customers. -#}
{% macro touch_products(level) -%}
  {%- set ids = 'matched.matched_products__ids' -%}
  {%- set of_records = 'unnest([variant_id, product_id])' if level == 'golden_id' else level -%}
  {%- set of_products = 'select variant_id from {changed} inner join ' ~ ids ~ ' using (product_id)' -%}
  {%- set of_variants = 'select product_id from {changed} inner join ' ~ ids ~ ' using (variant_id) union all select product_id from changed.golden_products__variants__before' -%}
  {{ return(touch({
    'conformed_products': 'select ' ~ of_records ~ ' from {changed} inner join ' ~ ids ~ ' using (record_id)',
    'matched_products__ids': 'select ' ~ of_records ~ ' from {changed}',
    'golden_products__candidates': 'product_id',
    'golden_products__variant_candidates': 'variant_id',
    'golden_products': of_products if level == 'variant_id' else 'product_id',
    'golden_products__variants': of_variants if level == 'product_id' else 'variant_id',
    'golden_products__provenance': 'golden_id',
  })) }}
{%- endmacro %}

{#- The same for what is offered for a variant: a GTIN that several claim is a matter of all of them. -#}
{% macro touch_claims() -%}
  {%- set ids, records = 'matched.matched_products__ids', 'conformed.conformed_products' -%}
  {%- set sharing -%}
    select variant_id from {{ ids }} inner join {{ records }} using (record_id)
    where gtin14 in (select gtin14 from {{ records }} where record_id in (select record_id from {changed})
  {%- endset -%}
  {{ return(touch({
    'conformed_products': 'select variant_id from {changed} inner join ' ~ ids ~ ' using (record_id) union all '
      ~ sharing ~ ' union all select gtin14 from changed.conformed_products__before)',
    'matched_products__ids': 'select variant_id from {changed} union all ' ~ sharing ~ ')',
  })) }}
{%- endmacro %}

{#- Products stay grouped as they are unless a cluster changed, or what variants are grouped by. A pre-hook. -#}
{% macro touch_groups() -%}
  {%- do stays({
    'matched_products__clusters': 'record_id',
    'matched_products__evidence': said_otherwise('matched_products__evidence', 'record_id', 'record_id, template_ref, brand, name_key'),
  }) -%}
{%- endmacro %}
