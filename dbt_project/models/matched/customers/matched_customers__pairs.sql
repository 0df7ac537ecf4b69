{{ pair_records('customers', ref('matched_customers__blocks')) }}
