{#- A value that Odoo returns as we published it is no evidence for itself. -#}
select offers.customer_id, offers.trait
from {{ ref('golden_customers__candidates') }} as offers
inner join {{ ref('matched_customers') }} as records on offers.record_id = records.record_id
where offers.survives and list_contains(records.echoes, offers.trait)
