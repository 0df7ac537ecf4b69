{{ compare_pairs('products', ref('matched_products__pairs'), ref('matched_products__evidence')) }}
