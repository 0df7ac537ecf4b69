{#- Bits above the cut for each pair of look-alikes. A record has one partner in another system: a pair that is not the best
    of both its records is not linked, whatever its bits; nor is one whose colours or packs contradict. -#}
with weighed as (
    {{ weigh_likeness(ref('matched_products__likeness'), ref('matched_products__likeness_model')) }}
),

judged as (

    select
        *,
        {% for feature in declared('products', 'likeness.features') if feature.bars %}{{ feature.name }} > 0 or {% endfor %}false as is_barred
    from weighed

),

placed as (

    select
        *,
        row_number() over (partition by one_no, other_system order by is_barred, likeness_bits desc, other_no) as one_place,
        row_number() over (partition by other_no, one_system order by is_barred, likeness_bits desc, one_no) as other_place
    from judged

)

select
    least(one_no, other_no) as left_no,
    greatest(one_no, other_no) as right_no,
    likeness_bits,
    one_place = 1 and other_place = 1 and not is_barred as is_mutual_best,
    case when one_place = 1 and other_place = 1 and not is_barred then likeness_bits else least(likeness_bits, -1) end as bits,
    {%- for feature in declared('products', 'likeness.features') %}
    {{ feature.name }},
    {%- endfor %}
    least_lead,
    most_lead
from placed
