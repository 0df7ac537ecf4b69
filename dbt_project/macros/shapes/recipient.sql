{#- Whom a parcel goes to as a customer's columns: staged alike whoever carries it. -#}
{% macro recipient() -%}
  {{ return({
    'is_active': 'true', 'kind': "'person'", 'full_name': 'recipient_name', 'company_name': 'company_name', 'email': 'email',
    'phone': 'phone', 'street': 'street', 'street2': 'street2', 'city': 'city', 'zip': 'zip', 'country_code': 'country_code',
  }) }}
{%- endmacro %}
