with versions as (
    {{ latest_per_key(source('supplier', 'prices'), [
        'cost_amount', 'recommended_amount', 'tax_rate', 'currency', 'valid_from_on',
    ]) }}
)

select
    {{ envelope() }},
    'supplier:' || source_key as product_record_id,
    cost_amount,
    recommended_amount,
    tax_rate,
    currency,
    valid_from_on
from versions
