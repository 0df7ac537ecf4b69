{{ block_records('customers', ref('matched_customers__evidence')) }}
