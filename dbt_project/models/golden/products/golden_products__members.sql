{{ config(materialized='view') }}
select
    record_id,
    variant_id,
    product_id,
    system,
    source_key,
    unit,
    event_at,
    is_active,
    published_id,
    odoo_template_id,
    published_template_id
from {{ ref('matched_products') }}
where variant_id is not null and not is_deleted
