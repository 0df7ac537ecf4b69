{{ block_records('products', ref('matched_products__evidence')) }}
