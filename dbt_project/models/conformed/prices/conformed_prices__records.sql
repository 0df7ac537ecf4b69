{#- Every system that has prices, and what we published, under each other; a new system is one more name. -#}
{%- for system in ['odoo', 'pos', 'shopify', 'woocommerce', 'published'] %}
select * from {{ ref('conformed_prices__' ~ system) }}
{%- if not loop.last %} union all{% endif %}
{%- endfor %}
