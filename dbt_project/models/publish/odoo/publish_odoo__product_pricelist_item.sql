{{ config(materialized='incremental', incremental_strategy='touched', on_schema_change='fail', unique_key='golden_id', meta={'touched_on': ['product_id']}) }}
{%- set keys = touch_price_rules() -%}
{#- What is over needs no rule, a store's own price has no list in Odoo, and a price that Odoo contradicts waits for a decision
    unless Odoo is merely late. Odoo's windows end with their last second. -#}
with prices as (
    select * from {{ ref('golden_prices') }} where {{ is_touched(keys, 'variant_id') }}
),

binding as (
    {{ odoo_binding('(select * from ' ~ ref('golden_prices__bindings') ~ ' where price_id in (select price_id from prices))', 'price_id') }}
),

basis as (
    {{ rests_on(ref('golden_prices__provenance'), 'price_id', ['amount'], but='price_id in (select price_id from prices)') }}
),

contested as (
    select distinct price_id
    from {{ ref('golden_prices__exceptions') }}
    where system = 'odoo' and cause <> 'late'
),

payload as (
    select
        golden.price_id as golden_id,
        binding.odoo_id,
        binding.odoo_ids,
        basis.units,
        basis.record_ids,
        lists.odoo_pricelist as pricelist_id,
        golden.currency,
        golden.variant_id as product_id,
        '0_product_variant' as applied_on,
        'fixed' as compute_price,
        cast(golden.amount as double) as fixed_price,
        cast(golden.min_quantity as double) as min_quantity,
        {{ odoo_time('golden.valid_from_at') }} as date_start,
        {{ odoo_time("golden.valid_to_at - interval '1 second'") }} as date_end
    from prices as golden
    inner join {{ ref('price_lists') }} as lists on golden.price_list = lists.price_list
    inner join basis on golden.price_id = basis.golden_id
    left join binding on golden.price_id = binding.golden_id
    left join contested on golden.price_id = contested.price_id
    where golden.store_code is null and not golden.is_over and contested.price_id is null
)

select
    {{ odoo_payload([
        'pricelist_id', 'product_id', 'applied_on', 'compute_price', 'fixed_price', 'min_quantity', 'date_start', 'date_end',
    ]) }},
    currency
from payload
