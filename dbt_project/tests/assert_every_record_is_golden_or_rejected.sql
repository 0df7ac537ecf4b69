{#- Nothing is dropped on the way: each record stands behind a golden one, lost against one, or is rejected with a reason. -#}
select record_id
from {{ ref('matched_customers') }}
where
    customer_id not in (select customer_id from {{ ref('golden_customers') }})
    and record_id not in (select record_id from {{ ref('golden_customers__rejected') }})

union all

select record_id
from {{ ref('matched_products') }}
where
    variant_id not in (select variant_id from {{ ref('golden_products__variants') }})
    and record_id not in (select record_id from {{ ref('golden_products__rejected') }})

union all

select prices.record_id
from {{ ref('matched_prices') }} as prices
left join {{ ref('golden_prices__candidates') }} as offers on prices.record_id = offers.record_id
where
    offers.record_id is null
    and prices.record_id not in (select record_id from {{ ref('golden_prices__rejected') }})
