{#- Nothing is dropped on the way: each record stands behind a golden one, lost against one, or is rejected with a reason. -#}
{%- set keys = keys_to_test({
    'conformed_customers': 'record_id',
    'matched_customers__ids': 'record_id',
    'golden_customers': 'select record_id from {changed} inner join matched.matched_customers__ids using (customer_id)',
    'golden_customers__rejected': 'record_id',
    'conformed_products': 'record_id',
    'matched_products__ids': 'record_id',
    'golden_products__variants': 'select record_id from {changed} inner join matched.matched_products__ids using (variant_id)',
    'golden_products__rejected': 'record_id',
    'conformed_prices': 'record_id',
    'golden_prices__candidates': 'record_id',
    'golden_prices__rejected': 'record_id',
}) -%}
select record_id
from {{ ref('matched_customers__ids') }}
semi join {{ ref('conformed_customers') }} using (record_id)
where
    {{ is_touched(keys, 'record_id') }}
    and customer_id not in (select customer_id from {{ ref('golden_customers') }})
    and record_id not in (select record_id from {{ ref('golden_customers__rejected') }})

union all

select record_id
from {{ ref('matched_products__ids') }}
semi join {{ ref('conformed_products') }} using (record_id)
where
    {{ is_touched(keys, 'record_id') }}
    and variant_id not in (select variant_id from {{ ref('golden_products__variants') }})
    and record_id not in (select record_id from {{ ref('golden_products__rejected') }})

union all

select prices.record_id
from {{ ref('conformed_prices') }} as prices
left join {{ ref('golden_prices__candidates') }} as offers on prices.record_id = offers.record_id
where
    {{ is_touched(keys, 'prices.record_id') }}
    and offers.record_id is null
    and prices.record_id not in (select record_id from {{ ref('golden_prices__rejected') }})
