{{ config(materialized='view') }}
select
    records.*,
    ids.variant_id
from {{ ref('conformed_prices') }} as records
left join {{ ref('matched_products__ids') }} as ids on records.product_record_id = ids.record_id
