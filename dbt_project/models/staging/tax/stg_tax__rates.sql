{{ config(materialized='view') }}
with versions as (
    {{ latest_per_key(source('tax', 'rates'), [
        'country_code', 'category', 'rate', 'valid_from_on', 'valid_to_on',
    ]) }}
)

select
    {{ envelope() }},
    country_code,
    category,
    rate as tax_rate,
    valid_from_on,
    valid_to_on
from versions
