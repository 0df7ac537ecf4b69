{#- The customer records that changed staged records touch: themselves, but for PayPal, which has transactions and no customers. A
    new system with customers is one more line here; until then its changes make all records anew. -#}
{% macro touch_customer_records() -%}
  {%- set payers = "select 'paypal:' || payer_key from " -%}
  {{ return(touch({
    'stg_odoo__partners': 'record_id',
    'stg_paypal__transactions': payers ~ 'staging.stg_paypal__transactions semi join {changed} using (record_id) union all '
      ~ payers ~ 'changed.stg_paypal__transactions__before',
    'stg_pos__customers': 'record_id',
    'stg_shopify__customers': 'record_id',
    'stg_stripe__customers': 'record_id',
    'stg_voucherify__customers': 'record_id',
    'stg_woocommerce__customers': 'record_id',
    'stg_zendesk__users': 'record_id',
    'stg_ledger__receipts': 'record_id',
  })) }}
{%- endmacro %}
