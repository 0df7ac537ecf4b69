{%- set keys = keys_to_test({'golden_prices': 'price_id', 'golden_prices__provenance': 'price_id'}) -%}
select golden.price_id
from {{ ref('golden_prices') }} as golden
left join {{ ref('golden_prices__provenance') }} as told
    on golden.price_id = told.price_id and told.attribute = 'amount'
where told.value is distinct from cast(golden.amount as varchar) and {{ is_touched(keys, 'golden.price_id') }}
