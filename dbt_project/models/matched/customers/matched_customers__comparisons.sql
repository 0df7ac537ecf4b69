{{ compare_pairs('customers', ref('matched_customers__pairs'), ref('matched_customers__evidence')) }}
