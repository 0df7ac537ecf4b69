{#- Attributes that survive together, from one record: half of one address and half of another is nobody's address. -#}
{% macro customer_traits() -%}
  {{ return({
    'kind': ['kind'],
    'name': ['full_name', 'first_name', 'last_name'],
    'company_name': ['company_name'],
    'email': ['email'],
    'phone': ['phone'],
    'mobile': ['mobile'],
    'address': ['street', 'street2', 'city', 'zip', 'country_code'],
    'birth_on': ['birth_on'],
    'vat': ['vat'],
    'loyalty_code': ['loyalty_code'],
    'language': ['language'],
    'accepts_marketing': ['accepts_marketing'],
  }) }}
{%- endmacro %}


{#- Of a product: what all its variants share. -#}
{% macro product_traits() -%}
  {{ return({'template_name': ['template_name'], 'brand': ['brand'], 'tax_rate': ['tax_rate']}) }}
{%- endmacro %}

{#- Of a variant. -#}
{% macro variant_traits() -%}
  {{ return({
    'sku': ['sku'],
    'gtin14': ['gtin14'],
    'options': ['option_1', 'option_2'],
    'weight_g': ['weight_g'],
    'uom': ['uom'],
  }) }}
{%- endmacro %}

{#- Of both, as one record of a catalogue states them. -#}
{% macro catalogue_traits() -%}
  {%- set traits = {} -%}
  {%- do traits.update(product_traits()) -%}
  {%- do traits.update(variant_traits()) -%}
  {{ return(traits) }}
{%- endmacro %}


{#- A price survives whole: its amount means nothing without its window and quantity. -#}
{% macro price_traits() -%}
  {{ return({'price': ['amount', 'min_quantity', 'valid_from_at', 'valid_to_at']}) }}
{%- endmacro %}
