{{ config(materialized='view') }}
select
    records.*,
    ids.variant_id,
    ids.product_id
from {{ ref('conformed_products') }} as records
left join {{ ref('matched_products__ids') }} as ids on records.record_id = ids.record_id
