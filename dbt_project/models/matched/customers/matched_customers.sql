{{ config(materialized='view') }}
select
    records.*,
    ids.customer_id
from {{ ref('conformed_customers') }} as records
left join {{ ref('matched_customers__ids') }} as ids on records.record_id = ids.record_id
