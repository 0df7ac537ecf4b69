{{ config(materialized='incremental', incremental_strategy='touched', unique_key='case_id', meta={'touched_on': ['cluster_id', 'right_record_id']}) }}
{%- set keys = touch_review('customers') -%}
{%- set near = none if keys is none else '(select record_no as key from ' ~ ref('matched_customers__evidence') ~ ' where ' ~ is_touched(keys, 'record_id') ~ ')' -%}
{#- What a person should look at, the most doubtful first: pairs near the cut, loose clusters, decisions that contradict. -#}
with calibration as (
    {{ calibration(ref('matched_customers__model')) }}
),

decided as (

    select left_no, right_no from {{ ref('matched_customers__decisions') }} where decision <> 'later'

),

clustered as (

    select evidence.record_no, clusters.record_id, clusters.cluster_id
    from {{ ref('matched_customers__clusters') }} as clusters
    inner join {{ ref('matched_customers__evidence') }} as evidence on clusters.record_id = evidence.record_id

),

seated as (

    select
        pairs.left_no,
        pairs.right_no,
        pairs.bits,
        l.record_id as left_record_id,
        r.record_id as right_record_id,
        l.cluster_id as left_cluster_id,
        r.cluster_id as right_cluster_id
    from (
        select left_no, right_no, bits
        from {{ ref('matched_customers__scores') }}
        where bits >= {{ threshold_bits('customers', 'review', 'calibration') }} and {{ is_touched(near, ['left_no', 'right_no']) }}
    ) as pairs
    inner join clustered as l on pairs.left_no = l.record_no
    inner join clustered as r on pairs.right_no = r.record_no

),

between_clusters as (

    select
        *,
        row_number() over (
            partition by least(left_cluster_id, right_cluster_id), greatest(left_cluster_id, right_cluster_id)
            order by bits desc, left_record_id, right_record_id
        ) as place
    from seated
    anti join decided using (left_no, right_no)
    where left_cluster_id <> right_cluster_id

),

inside as (

    select l.cluster_id, pairs.left_no, pairs.right_no, least(pairs.bits, {{ declared('customers', 'cluster.cap_bits') }}) as bits
    from {{ narrowed(ref('matched_customers__within'), near, 'left_no') }} as pairs
    inner join clustered as l on pairs.left_no = l.record_no
    inner join clustered as r on pairs.right_no = r.record_no and l.cluster_id = r.cluster_id
    where abs(pairs.bits) < cast('infinity' as double) and {{ is_touched(keys, 'l.cluster_id') }}

),

ties as (

    select cluster_id, record_no, round(sum(cast(round(bits * 10000) as bigint)) / (1e4 * count(*)), 4) as bits
    from (
        select cluster_id, left_no as record_no, bits from inside
        union all
        select cluster_id, right_no, bits from inside
    )
    group by cluster_id, record_no

),

loose as (

    select cluster_id, record_no, bits
    from ties
    where bits < {{ threshold_bits('customers', 'cohesion', 'calibration') }}
    qualify row_number() over (partition by cluster_id order by bits, record_no) = 1

)

select
    'pair ' || left_record_id || ' ' || right_record_id as case_id,
    'pair' as kind,
    left_record_id,
    right_record_id,
    left_cluster_id as cluster_id,
    bits,
    {{ probability('bits') }} as probability,
    'near the cut: may be one party in two clusters' as reason
from between_clusters
cross join calibration
where place = 1

union all

select
    'cluster ' || loose.cluster_id,
    'cluster',
    clustered.record_id,
    null,
    loose.cluster_id,
    round(loose.bits, 4),
    {{ probability('loose.bits') }},
    'loose cluster: this record speaks least for the others'
from loose
inner join clustered on loose.record_no = clustered.record_no
cross join calibration

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
from {{ ref('matched_customers__contradictions') }}
where {{ is_touched(keys, 'component_id') }}
group by component_id
