{{ score_pairs('customers', ref('matched_customers__comparisons'), ref('matched_customers__model')) }}
