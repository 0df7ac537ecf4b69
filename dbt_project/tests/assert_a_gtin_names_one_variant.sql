select gtin14
from {{ ref('golden_products__variants') }}
where gtin14 is not null
group by gtin14
having count(*) > 1
