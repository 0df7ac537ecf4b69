{#- Pairs that share a kind of number, options or weight are judged by those; look-alikes that share none by their texts. -#}
with compared as (
    {{ score_pairs('products', ref('matched_products__comparisons'), ref('matched_products__model')) }}
)

select compared.* replace (coalesce(likeness.bits, compared.bits) as bits)
from compared
left join {{ ref('matched_products__likeness_scores') }} as likeness using (left_no, right_no)
