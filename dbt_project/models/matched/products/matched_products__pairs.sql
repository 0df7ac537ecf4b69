with found as (
    {{ pair_records('products', ref('matched_products__blocks')) }}
),

together as (

    select left_no, right_no, rules from found
    union all
    select left_no, right_no, 0 from {{ ref('matched_products__likeness_scores') }}

)

select left_no, right_no, bit_or(rules) as rules
from together
group by left_no, right_no
