{{ config(materialized='view') }}
select
    record_id,
    customer_id,
    system,
    source_key,
    unit,
    event_at,
    is_active,
    loyalty_code,
    published_id
from {{ ref('matched_customers') }}
where customer_id is not null and not is_deleted
