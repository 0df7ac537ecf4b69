{{ config(materialized='incremental', incremental_strategy='touched', unique_key='case_id', meta={'touched_on': ['cluster_id', 'right_record_id']}) }}
{%- set keys = touch_review('products') -%}
{#- What a person should look at: pairs near the cut, and numbers that two different variants share. -#}
with calibration as (
    {{ calibration(ref('matched_products__model')) }}
),

decided as (

    select left_no, right_no from {{ ref('matched_products__decisions') }} where decision <> 'later'

),

clustered as (

    select evidence.record_no, clusters.record_id, clusters.cluster_id
    from {{ ref('matched_products__clusters') }} as clusters
    inner join {{ ref('matched_products__evidence') }} as evidence on clusters.record_id = evidence.record_id

),

apart as (

    select
        l.record_id as left_record_id,
        r.record_id as right_record_id,
        l.cluster_id,
        pairs.bits,
        levels.gtin = 0 as shares_gtin,
        levels.sku = 0 as shares_sku,
        pairs.left_no,
        pairs.right_no,
        row_number() over (
            partition by least(l.cluster_id, r.cluster_id), greatest(l.cluster_id, r.cluster_id)
            order by pairs.bits desc, l.record_id, r.record_id
        ) as place
    from {{ ref('matched_products__scores') }} as pairs
    inner join (select left_no, right_no, {{ levels_of('products', ['gtin', 'sku']) }} from {{ ref('matched_products__comparisons') }}) as levels using (left_no, right_no)
    anti join decided using (left_no, right_no)
    inner join clustered as l on pairs.left_no = l.record_no
    inner join clustered as r on pairs.right_no = r.record_no
    where l.cluster_id <> r.cluster_id and {{ is_touched(keys, ['l.record_id', 'r.record_id']) }}

)

select
    'pair ' || left_record_id || ' ' || right_record_id as case_id,
    'pair' as kind,
    left_record_id,
    right_record_id,
    cluster_id,
    bits,
    {{ probability('bits') }} as probability,
    case
        when vetoes.reasons is not null then 'one GTIN on what looks like two variants: ' || vetoes.reasons
        when shares_gtin then 'one GTIN on what looks like two variants'
        when shares_sku then 'one SKU on what looks like two variants'
        else 'near the cut: may be one variant in two clusters'
    end as reason
from apart
cross join calibration
left join {{ ref('matched_products__vetoes') }} as vetoes using (left_no, right_no)
where place = 1 and (shares_gtin or shares_sku or bits >= {{ threshold_bits('products', 'review', 'calibration') }})

union all

select
    'decision ' || component_id,
    'decision',
    component_id,
    null,
    component_id,
    null,
    null,
    'decisions contradict each other: ' || min(decisions)
from {{ ref('matched_products__contradictions') }}
where {{ is_touched(keys, 'component_id') }}
group by component_id
