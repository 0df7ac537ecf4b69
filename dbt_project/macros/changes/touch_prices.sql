{#- The variants whose prices changes touch. What is over by now is so by the clock, whether or not its variant changed. -#}
{% macro touch_prices() -%}{{ return(touch(variants_of_prices())) }}{%- endmacro %}

{% macro variants_of_prices() -%}
  {%- set ids, records = 'matched.matched_products__ids', 'conformed.conformed_prices' -%}
  {%- set offers, golden = 'golden.golden_prices__candidates', 'golden.golden_prices' -%}
  {{ return({
    'conformed_prices':
      'select variant_id from ' ~ ids ~ ' where record_id in ('
      ~ 'select product_record_id from ' ~ records ~ ' semi join {changed} using (record_id)'
      ~ ' union all select product_record_id from changed.conformed_prices__before)'
      ~ ' union all select variant_id from ' ~ golden
      ~ ' where is_over <> coalesce(valid_to_at <= (select max(extracted_at) from ' ~ records ~ '), false)',
    'matched_products__ids': 'variant_id',
    'golden_prices__candidates':
      'select variant_id from ' ~ offers ~ ' semi join {changed} using (record_id)'
      ~ ' union all select variant_id from changed.golden_prices__candidates__before',
    'golden_prices':
      'select variant_id from ' ~ golden ~ ' semi join {changed} using (price_id)'
      ~ ' union all select variant_id from changed.golden_prices__before',
    'golden_products__variants': 'variant_id',
  }) }}
{%- endmacro %}

{#- The golden prices of those variants. -#}
{% macro touch_golden_prices() -%}
  {%- set keys = {} -%}
  {%- for name, way in variants_of_prices().items() -%}
    {%- do keys.update({name: 'select price_id from golden.golden_prices where variant_id in (' ~ touch_way(way) ~ ')'}) -%}
  {%- endfor -%}
  {%- do keys.update({'golden_prices': 'price_id'}) -%}
  {{ return(touch(keys)) }}
{%- endmacro %}

{#- The price records whose offer may be another now: their own variants' all, and themselves where they have none. -#}
{% macro touch_offers() -%}
  {%- set ways = variants_of_prices() -%}
  {%- set of_products = 'select record_id from conformed.conformed_prices where product_record_id in (select record_id from {changed})' -%}
  {{ return(touch({
    'conformed_prices': ways['conformed_prices'] ~ ' union all select record_id from {changed}',
    'matched_products__ids': 'select variant_id from {changed} union all ' ~ of_products,
    'golden_prices__candidates': 'record_id',
  })) }}
{%- endmacro %}

{#- The variants whose price rules in Odoo may be others: a rule is bound to the price that we published on it, whatever variant it is of
    now. -#}
{% macro touch_price_rules() -%}
  {%- set keys = variants_of_prices() -%}
  {%- set golden, records, ids = 'golden.golden_prices', 'conformed.conformed_prices', 'matched.matched_products__ids' -%}
  {%- set priced -%}
    select price_id, variant_id from {{ golden }} union all select price_id, variant_id from changed.golden_prices__before
  {%- endset -%}
  {%- do keys.update({
    'conformed_prices': keys['conformed_prices']
      ~ ' union all select variant_id from ' ~ golden ~ ' where price_id in ('
      ~ 'select published_id from ' ~ records ~ ' semi join {changed} using (record_id)'
      ~ ' union all select published_id from changed.conformed_prices__before)',
    'golden_prices': keys['golden_prices']
      ~ ' union all select variant_id from ' ~ records ~ ' inner join ' ~ ids ~ ' as ids on product_record_id = ids.record_id'
      ~ ' where published_id in (select price_id from {changed})',
    'golden_prices__provenance': 'select variant_id from (' ~ priced ~ ') semi join {changed} using (price_id)',
    'golden_prices__exceptions':
      'select variant_id from golden.golden_prices__exceptions semi join {changed} using (record_id)'
      ~ ' union all select variant_id from changed.golden_prices__exceptions__before',
  }) -%}
  {{ return(touch(keys)) }}
{%- endmacro %}
