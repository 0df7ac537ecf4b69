select batch_number, currency, sum(net_amount) as left_amount
from {{ ref('stg_adyen__settlements') }}
group by batch_number, currency
having sum(case when line_type = 'MerchantPayout' then 1 end) > 0 and sum(net_amount) <> 0
