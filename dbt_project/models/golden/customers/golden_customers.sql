{{ survivors(
    ref('golden_customers__candidates'), ref('matched_customers'), 'customer_id', customer_traits(),
    required=['name', 'company_name'],
    kept=['count(*) as record_count', 'count(distinct records.system) as system_count'],
) }}
