{{ config(materialized='incremental', incremental_strategy='touched', on_schema_change='fail', unique_key='record_id', meta={'touched_on': ['variant_id', 'record_id']}) }}
{%- set keys = touch_offers() -%}
{#- Every price that a system states, and what became of it: it stands, it loses against a better source in the same window,
    or it is refused. Of the same system only a price with the same start competes: a later start takes over by itself. -#}
with offers as (
    select
        prices.*,
        coalesce({{ source_rank('policy.systems', 'prices.system') }}, 0) as source_rank,
        {{ list_has('corrections', 'price') }} as is_correction,
        case
            when {{ list_has('echoes', 'price') }} then 'echo: Assay published it'
            when prices.variant_id is null then 'no such variant'
            when lists.price_list is null then 'unknown price list'
            when prices.amount is null then 'not a fixed price'
            when prices.amount <= 0 then 'price is not positive'
            when prices.valid_to_at <= prices.valid_from_at then 'window is inverted'
            when prices.currency <> lists.currency then 'currency differs from its list'
            when {{ source_rank('policy.systems', 'prices.system') }} is null then 'system not trusted with it'
        end as problem
    from {{ ref('matched_prices') }} as prices
    left join {{ ref('price_lists') }} as lists on prices.price_list = lists.price_list
    left join {{ ref('survivorship') }} as policy
        on policy.domain = 'prices' and policy.attribute = prices.price_list
    where not prices.is_deleted and {{ is_touched(keys, ['prices.variant_id', 'prices.record_id']) }}
),

sound as (
    select
        *,
        row_number() over (
            partition by variant_id, price_list, kind, min_quantity
            order by is_correction desc, source_rank, event_at desc, record_id
        ) as place
    from offers
    where problem is null
),

beaten as (
    select
        weaker.record_id,
        stronger.record_id as winner_record_id,
        row_number() over (partition by weaker.record_id order by stronger.place) as nth
    from sound as weaker
    inner join sound as stronger
        on weaker.variant_id = stronger.variant_id
        and weaker.price_list = stronger.price_list
        and weaker.kind = stronger.kind
        and weaker.min_quantity = stronger.min_quantity
        and stronger.place < weaker.place
        and coalesce(stronger.valid_from_at, timestamp '0001-01-01') < coalesce(weaker.valid_to_at, timestamp '9999-12-31')
        and coalesce(weaker.valid_from_at, timestamp '0001-01-01') < coalesce(stronger.valid_to_at, timestamp '9999-12-31')
    where
        (stronger.system <> weaker.system and (stronger.store_code is null or stronger.store_code = weaker.store_code))
        or (
            stronger.system = weaker.system
            and stronger.store_code is not distinct from weaker.store_code
            and stronger.valid_from_at is not distinct from weaker.valid_from_at
        )
)

select
    offers.record_id,
    offers.variant_id,
    {{ price_id('offers') }} as price_id,
    offers.price_list,
    offers.store_code,
    offers.kind,
    offers.min_quantity,
    offers.problem is null and beaten.record_id is null as survives,
    offers.problem is not null and offers.problem <> 'system not trusted with it' and offers.problem not like 'echo%' as is_refused,
    offers.problem,
    beaten.winner_record_id,
    offers.is_correction,
    offers.source_rank
from offers
left join beaten on offers.record_id = beaten.record_id and beaten.nth = 1
