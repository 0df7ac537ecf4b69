with golden as (
    select customer_id from {{ ref('golden_customers') }}
)

{{ provenance(ref('golden_customers__candidates'), ref('matched_customers'), 'customer_id', 'golden') }}
