{#- Every system that has customers, and what we published, under each other; a new system is one more name. -#}
{%- for system in ['odoo', 'paypal', 'pos', 'shopify', 'stripe', 'voucherify', 'woocommerce', 'zendesk', 'published'] %}
select * from {{ ref('conformed_customers__' ~ system) }}
{%- if not loop.last %} union all{% endif %}
{%- endfor %}
