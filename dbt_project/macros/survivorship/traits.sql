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
