{{ config(materialized='incremental', incremental_strategy='touched', on_schema_change='fail', unique_key=['variant_id', 'trait', 'record_id'], meta={'touched_on': ['variant_id']}) }}
{%- set keys = touch_claims() -%}
{#- A GTIN belongs to one variant: to the one that most records call by it. -#}
with claims as (
    select
        gtin14,
        variant_id,
        row_number() over (partition by gtin14 order by count(*) desc, max(case when is_active then 1 else 0 end) desc, variant_id) as place
    from {{ ref('matched_products') }}
    where gtin14 is not null and variant_id is not null and not is_deleted
    group by gtin14, variant_id
),

records as (
    select matched.*, coalesce(claims.place > 1, false) as is_claimed
    from {{ ref('matched_products') }} as matched
    left join claims on matched.gtin14 = claims.gtin14 and matched.variant_id = claims.variant_id
    where {{ is_touched(keys, 'matched.variant_id') }}
)

{{ candidates('variants', 'records', 'variant_id', variant_traits(), problems={
    'gtin14': "when is_claimed then 'GTIN of another variant'",
}) }}
