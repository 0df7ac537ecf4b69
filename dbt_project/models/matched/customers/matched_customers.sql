{{ config(materialized='view') }}
{#- Most systems know nothing but people: what matching takes for a company's record offers no person to the golden record. -#}
select
    records.* exclude (kind),
    case when normalised.is_company then 'company' else records.kind end as kind,
    ids.customer_id
from {{ ref('conformed_customers') }} as records
left join {{ ref('matched_customers__normalised') }} as normalised on records.record_id = normalised.record_id
left join {{ ref('matched_customers__ids') }} as ids on records.record_id = ids.record_id
