{{ score_pairs('products', ref('matched_products__comparisons'), ref('matched_products__model')) }}
