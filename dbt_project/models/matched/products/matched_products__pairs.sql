{{ pair_records('products', ref('matched_products__blocks')) }}
