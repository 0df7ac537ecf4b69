{#- A record in its domain's one shape: the envelope, then every column of the shape in order; what a system lacks is null. -#}
{% macro conformed(domain, mapping, alias=none) -%}
  {%- set shape = conformed_shape(domain) -%}
  {%- for name in mapping if name not in shape -%}
    {{ exceptions.raise_compiler_error(name ~ ' is no column of conformed_' ~ domain) }}
  {%- endfor -%}
{{ envelope(alias) }},
{%- for name, type in shape.items() %}
    cast({{ mapping.get(name, 'null') }} as {{ type }}) as {{ name }}{{ ',' if not loop.last }}
{%- endfor %}
{%- endmacro %}

{#- The columns of a domain's shape in order, each as it is in `alias` unless `changes` says otherwise. -#}
{% macro restated(domain, changes, alias) -%}
{{ envelope(alias) }},
{%- for name in conformed_shape(domain) %}
    {{ changes.get(name, alias ~ '.' ~ name) }} as {{ name }}{{ ',' if not loop.last }}
{%- endfor %}
{%- endmacro %}

{#- The shapes of the domains: every system's conformed model has these columns, in this order. -#}
{% macro conformed_shape(domain) -%}
  {{ return({
    'customers': {
      'is_active': 'boolean', 'kind': 'varchar', 'full_name': 'varchar', 'first_name': 'varchar', 'last_name': 'varchar',
      'company_name': 'varchar', 'email': 'varchar', 'phone': 'varchar', 'mobile': 'varchar', 'street': 'varchar',
      'street2': 'varchar', 'city': 'varchar', 'zip': 'varchar', 'country_code': 'varchar', 'birth_on': 'date', 'vat': 'varchar', 'gender': 'varchar', 'birth_place': 'varchar', 'occupation': 'varchar',
      'loyalty_code': 'varchar', 'language': 'varchar', 'accepts_marketing': 'boolean', 'published_id': 'varchar',
      'linked_record_id': 'varchar',
    },
    'products': {
      'is_active': 'boolean', 'template_key': 'varchar', 'sku': 'varchar', 'gtin_raw': 'varchar', 'template_name': 'varchar',
      'brand': 'varchar', 'model_number': 'varchar', 'description': 'varchar', 'option_1': 'varchar', 'option_2': 'varchar',
      'weight_g': 'bigint', 'price_amount': 'decimal(18, 4)', 'uom': 'varchar',
      'tax_rate': 'decimal(5, 2)', 'published_id': 'varchar', 'odoo_template_id': 'bigint',
      'published_template_id': 'varchar',
    },
    'prices': {
      'product_record_id': 'varchar', 'price_list': 'varchar', 'store_code': 'varchar', 'currency': 'varchar', 'amount': 'decimal(18, 4)',
      'tax_basis': 'varchar', 'tax_rate': 'decimal(5, 2)', 'min_quantity': 'bigint', 'valid_from_at': 'timestamp',
      'valid_to_at': 'timestamp', 'kind': 'varchar', 'odoo_pricelist_id': 'bigint', 'published_id': 'varchar',
    },
  }[domain]) }}
{%- endmacro %}
