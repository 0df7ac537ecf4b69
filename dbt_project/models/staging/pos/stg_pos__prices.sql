with versions as (
    {{ latest_per_key(source('pos', 'prices'), [
        'article_code', 'price_list', 'store_code', 'currency', 'amount', 'tax_basis', 'tax_rate', 'min_quantity', 'valid_from_at',
        'valid_to_at', 'kind',
    ]) }}
)

select
    {{ envelope() }},
    article_code,
    {{ clean_text('price_list') }} as price_list,
    store_code,
    {{ clean_text('currency') }} as currency,
    amount,
    tax_basis,
    tax_rate,
    min_quantity,
    valid_from_at,
    valid_to_at,
    kind
from versions
