with found as (
    {{ pair_records('products', ref('matched_products__blocks')) }}
),

together as (

    select left_no, right_no, rules from found
    union all
    select least(one_no, other_no), greatest(one_no, other_no), 0 from {{ ref('matched_products__lookalikes') }}

)

select left_no, right_no, bit_or(rules) as rules
from together
group by left_no, right_no
