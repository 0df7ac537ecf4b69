select golden.price_id
from {{ ref('golden_prices') }} as golden
left join {{ ref('golden_prices__provenance') }} as told
    on golden.price_id = told.price_id and told.attribute = 'amount'
where told.value is distinct from cast(golden.amount as varchar)
