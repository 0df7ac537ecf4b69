{{ config(materialized='incremental', incremental_strategy='touched', unique_key='record_id') }}
{%- set keys = touch_records('prices') -%}
{#- Every system's prices in one shape, each with its net, tax and gross. Beside them goes what we published on Odoo: equal is an
    echo, different a correction by a person. -#}
with records as (
    select * from {{ ref('conformed_prices__records') }} where {{ is_touched(keys, 'record_id') }}
),

normalised as (
    select
        {{ restated('prices', {'currency': 'upper(records.currency)'}, 'records') }},
        {{ net_amount('amount', 'tax_basis', 'tax_rate') }} as net_amount,
        {{ gross_amount('amount', 'tax_basis', 'tax_rate') }} as gross_amount
    from records
)

select
    seen.*,
    {{ echoes('seen', 'sent', 'before', price_traits(), same=true) }} as echoes,
    {{ echoes('seen', 'sent', 'before', price_traits(), same=false) }} as corrections
from normalised as seen
left join normalised as sent
    on sent.system = 'assay' and sent.record_id = seen.record_id
left join normalised as before
    on before.system = 'assay_before' and before.record_id = seen.record_id
where seen.system not like 'assay%'
