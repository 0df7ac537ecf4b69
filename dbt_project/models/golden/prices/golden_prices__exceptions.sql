{{ config(materialized='incremental', incremental_strategy='touched', on_schema_change='fail', unique_key='record_id', meta={'touched_on': ['variant_id']}) }}
{%- set keys = touch_prices() -%}
{#- Channels that disagree about a price at the same time: kept side by side, never overwritten. -#}
with pairs as (
    select
        winners.price_id,
        golden.variant_id,
        golden.price_list,
        golden.store_code as golden_store_code,
        seen.store_code,
        golden.kind,
        golden.min_quantity,
        golden.tax_basis,
        golden.currency,
        told.record_id as golden_record_id,
        told.system as golden_system,
        golden.amount as golden_amount,
        told.valid_from_at as golden_from_at,
        seen.record_id,
        seen.system,
        case when golden.tax_basis = 'gross' then seen.gross_amount else seen.net_amount end as amount,
        seen.valid_from_at,
        seen.event_at,
        golden.tax_rate
    from {{ narrowed(ref('golden_prices__candidates'), keys, 'variant_id') }} as losers
    inner join {{ ref('golden_prices__candidates') }} as winners on losers.winner_record_id = winners.record_id
    inner join {{ ref('golden_prices') }} as golden on winners.price_id = golden.price_id
    inner join {{ ref('matched_prices') }} as seen on losers.record_id = seen.record_id
    inner join {{ ref('matched_prices') }} as told on winners.record_id = told.record_id
)

select
    record_id,
    price_id,
    variant_id,
    price_list,
    store_code,
    kind,
    min_quantity,
    currency,
    tax_basis,
    golden_record_id,
    golden_system,
    golden_amount,
    system,
    amount,
    amount - golden_amount as difference_amount,
    {{ price_disagreement() }} as cause,
    case
        when abs(amount - golden_amount * (100 + tax_rate) * 0.01) <= 0.01 then 'tax included where it should not be'
        when abs(golden_amount - amount * (100 + tax_rate) * 0.01) <= 0.01 then 'tax left out'
        when amount in (golden_amount * 10, golden_amount * 100) or golden_amount in (amount * 10, amount * 100)
            then 'decimal point in another place'
    end as hint
from pairs
where amount <> golden_amount
