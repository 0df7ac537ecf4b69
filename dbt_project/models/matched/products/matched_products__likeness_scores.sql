{{ config(materialized='incremental', incremental_strategy='touched', unique_key=['left_no', 'right_no']) }}
{#- Bits above the cut for each pair of look-alikes. A record has one partner in another system, the best of both, unless that
    system lists articles several times: then each of them has its best, and within one catalogue all that are alike.
    A pair whose colours or packs contradict is not linked. -#}
{%- set model = ref('matched_products__likeness_model') -%}
{%- set features = declared('products', 'likeness.features') | map(attribute='name') | list + ['least_lead', 'most_lead'] -%}
{%- if stays({
    'matched_products__likeness': 'one_no',
    'matched_products__likeness_model': 'select 0 from {changed}',
    'matched_products__repeats': 'record_no',
    'matched_products__bags': 'select record_no from {changed} where record_no in (select unnest([one_no, other_no]) from ' ~ ref('matched_products__likeness') ~ ')',
}) -%}
{{ no_rows() }}
{%- else -%}
with weighed as (
    {{ weigh_likeness(ref('matched_products__likeness'), model) }}
),

scored as (

    select
        *,
        case
            when is_mutual_best or is_within and not is_barred then likeness_bits
            when beside_bits is not null and not is_barred then likeness_bits + beside_bits
            else least(likeness_bits, -1)
        end as bits
    from weighed

),

repeated as (

    select
        scored.* exclude (one_no, other_no),
        scored.one_no as one_first_no,
        scored.other_no as other_first_no,
        l.record_no as one_no,
        r.record_no as other_no
    from scored
    inner join {{ ref('matched_products__repeats') }} as l on scored.one_no = l.stands_for
    inner join {{ ref('matched_products__repeats') }} as r on scored.other_no = r.stands_for
    where
        {%- for side, record in [('one', 'l'), ('other', 'r')] %}
        {{ 'and ' if not loop.first }}(
            {{ record }}.record_no = {{ record }}.stands_for
            or scored.bits > 0 and ({{ record }}.is_one_variant or {{ keeps_several('scored.' ~ side ~ '_system', model) }})
        )
        {%- endfor %}

),

fellows as (

    select record_no, fellow_no, max(bits) as bits
    from (
        {{ fellow_records('repeated', ref('matched_products__bags')) }}
        union all
        select l.record_no, r.record_no, {{ declared('products', 'likeness.find').again_bits or 0 }}
        from {{ ref('matched_products__repeats') }} as l
        inner join {{ ref('matched_products__repeats') }} as r on l.stands_for = r.stands_for and l.record_no < r.record_no
        where l.is_one_variant
    )
    group by record_no, fellow_no

)

select
    least(one_no, other_no) as left_no,
    greatest(one_no, other_no) as right_no,
    likeness_bits,
    is_mutual_best,
    bits,
    case when not is_mutual_best and not is_barred then beside_bits end as beside_bits,
    {{ features | join(', ') }}
from repeated

union all

select fellows.record_no, fellow_no, null, false, bits, null, {% for name in features %}null{{ ', ' if not loop.last }}{% endfor %}
from fellows
anti join repeated on fellows.record_no = repeated.one_no and fellow_no = repeated.other_no
{%- endif %}
