{{ config(materialized='incremental', incremental_strategy='touched', unique_key=['left_no', 'right_no']) }}
{#- Bits of each pair of offers of one system that have no partner elsewhere: of the others their partners tell what is one.
    Records whose texts are the same are judged as one. -#}
{%- set features = declared('products', 'likeness.features') | map(attribute='name') | list -%}
{%- if stays() -%}
{{ no_rows() }}
{%- else -%}
with weights as (

    select
        {%- for name in features + ['constant'] %}
        max(weight) filter (where feature = '{{ name }}') as {{ name }}_weight{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('matched_products__offer_model') }}
    having count(*) > 0

),

partnered as (

    select distinct unnest([left_no, right_no]) as record_no
    from {{ ref('matched_products__likeness_scores') }}
    where bits > 0 and likeness_bits is not null

),

scored as (

    select
        offers.*,
        round(constant_weight{% for name in features %} + {{ name }} * {{ name }}_weight{% endfor %}, 4) as offer_bits,
        {% for feature in declared('products', 'likeness.features') if feature.bars %}{{ feature.name }} > 0 or {% endfor %}false as is_barred
    from {{ ref('matched_products__offers') }} as offers
    cross join weights
    where not exists (from partnered where record_no in (one_no, other_no))

)

select
    least(l.record_no, r.record_no) as left_no,
    greatest(l.record_no, r.record_no) as right_no,
    case when is_barred then least(offer_bits, -1) else offer_bits end as bits,
    {{ features | join(', ') }}
from scored
inner join {{ ref('matched_products__repeats') }} as l on scored.one_no = l.stands_for
inner join {{ ref('matched_products__repeats') }} as r on scored.other_no = r.stands_for
where offer_bits > 0 and not is_barred or l.record_no = l.stands_for and r.record_no = r.stands_for
{%- endif %}
