{{ config(materialized='view') }}
with versions as (
    {{ latest_per_key(source('square', 'taxes')) }}
),

parsed as (
    select
        *,
        {{ from_payload({
            'tax_data': {'name': 'VARCHAR', 'percentage': 'VARCHAR', 'inclusion_type': 'VARCHAR', 'enabled': 'BOOLEAN'},
        }) }} as payload
    from versions
)

select
    {{ envelope() }},
    {{ clean_text('payload.tax_data.name') }} as tax_name,
    cast(payload.tax_data.percentage as decimal(7, 4)) as tax_rate,
    payload.tax_data.inclusion_type = 'INCLUSIVE' as is_gross,
    payload.tax_data.enabled as is_active
from parsed
