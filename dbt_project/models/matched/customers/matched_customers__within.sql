{{ pairs_within(
    'customers',
    components=ref('matched_customers__components'),
    pairs=ref('matched_customers__pairs'),
    evidence=ref('matched_customers__evidence'),
    model=ref('matched_customers__model'),
    scores=ref('matched_customers__scores'),
    decisions=ref('matched_customers__decisions'),
) }}
