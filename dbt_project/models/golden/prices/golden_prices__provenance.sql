{{ config(materialized='incremental', incremental_strategy='touched', on_schema_change='fail', unique_key=['price_id', 'attribute'], meta={'touched_on': ['price_id']}) }}
{%- set keys = touch_golden_prices() -%}
{#- A price survives whole, so all its attributes come from one record. -#}
with losers as (
    select
        offers.winner_record_id,
        {{ json_list({
            'amount': 'cast(records.amount as varchar)',
            'min_quantity': 'cast(records.min_quantity as varchar)',
            'valid_from_at': 'cast(records.valid_from_at as varchar)',
            'valid_to_at': 'cast(records.valid_to_at as varchar)',
            'record_id': 'records.record_id',
            'system': 'records.system',
            'event_at': 'cast(records.event_at as varchar)',
            'why': "case when offers.source_rank > winners.source_rank then 'less trusted source' else 'older' end",
        }, 'offers.source_rank, records.record_id') }} as losing_values
    from {{ ref('golden_prices__candidates') }} as offers
    inner join {{ narrowed(ref('golden_prices__candidates'), keys, 'price_id') }} as winners on offers.winner_record_id = winners.record_id
    inner join {{ ref('matched_prices') }} as records on offers.record_id = records.record_id
    group by offers.winner_record_id
),

told as (
    {%- for attribute in ['amount', 'min_quantity', 'valid_from_at', 'valid_to_at'] %}
    select price_id, '{{ attribute }}' as attribute, cast({{ attribute }} as varchar) as value
    from {{ ref('golden_prices') }}
    where {{ attribute }} is not null and {{ is_touched(keys, 'price_id') }}
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
)

select
    told.price_id,
    told.attribute,
    told.value,
    records.record_id,
    records.system,
    records.source_key,
    records.unit,
    records.load_id,
    records.event_at,
    case
        when offers.is_correction then 'correction by a person in Odoo'
        when losers.winner_record_id is null then 'only candidate'
        else 'source order'
    end as rule,
    coalesce(losers.losing_values, '[]') as losing_values
from told
inner join {{ ref('golden_prices__candidates') }} as offers on told.price_id = offers.price_id and offers.survives
inner join {{ ref('matched_prices') }} as records on offers.record_id = records.record_id
left join losers on offers.record_id = losers.winner_record_id
