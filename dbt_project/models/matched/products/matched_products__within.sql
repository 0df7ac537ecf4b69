{{ pairs_within(
    'products',
    components=ref('matched_products__components'),
    pairs=ref('matched_products__pairs'),
    evidence=ref('matched_products__evidence'),
    model=ref('matched_products__model'),
    scores=ref('matched_products__scores'),
    decisions=ref('matched_products__decisions'),
) }}
