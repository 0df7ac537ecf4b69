{%- set keys = keys_to_test({'golden_prices': 'price_id'}) -%}
select price_id
from {{ ref('golden_prices') }}
where (amount <= 0 or valid_to_at <= valid_from_at or tax_amount < 0) and {{ is_touched(keys, 'price_id') }}
