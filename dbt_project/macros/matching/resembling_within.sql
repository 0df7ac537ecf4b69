{#- Bits of pairs within components that nobody looked up as candidates, by their texts as those of candidates: of an article that many
    shops list, or one catalogue many times, a record has more partners than are looked for. Only where articles were found to stand so,
    for there bits rest on no lead. -#}
{% macro resembling_within(unscored) %}
{%- set model, words = ref('matched_products__likeness_model'), ref('matched_products__words') -%}
{%- set features = declared('products', 'likeness.features') -%}
with asked as (

    select
        unscored.left_no,
        unscored.right_no,
        least(l.stands_for, r.stands_for) as one_no,
        greatest(l.stands_for, r.stands_for) as other_no
    from {{ unscored }} as unscored
    inner join {{ ref('matched_products__repeats') }} as l on unscored.left_no = l.record_no
    inner join {{ ref('matched_products__repeats') }} as r on unscored.right_no = r.record_no
    inner join {{ ref('matched_products__evidence') }} as one on unscored.left_no = one.record_no
    inner join {{ ref('matched_products__evidence') }} as other on unscored.right_no = other.record_no
    where
        l.stands_for <> r.stands_for
        and (one.gtin14 is null or other.gtin14 is null)
        and l.stands_for in (select record_no from {{ words }})
        and r.stands_for in (select record_no from {{ words }})
        and 'within ' || one.system in (select feature from {{ model }})
        and 'within ' || other.system in (select feature from {{ model }})

),

lookalikes as (

    select distinct one_no, other_no from asked

),

likeness as (
    {{ measure_likeness(
        'lookalikes',
        '(select * from ' ~ words ~ ' where record_no in (select unnest([one_no, other_no]) from lookalikes))',
        ref('matched_products__word_weights'),
        ref('matched_products__evidence'),
        ref('matched_products__bags')
    ) }}
),

weights as (

    select
        {%- for feature in features %}
        max(weight) filter (where feature = '{{ feature.name }}') as {{ feature.name }}_weight,
        {%- endfor %}
        max(weight) filter (where feature = 'constant') as constant_weight
    from {{ model }}

),

weighed as (

    select
        likeness.one_no,
        likeness.other_no,
        round(constant_weight{% for feature in features %} + {{ feature.name }} * {{ feature.name }}_weight{% endfor %}, 4) as likeness_bits,
        {% for feature in features if feature.bars %}{{ feature.name }} > 0 or {% endfor %}false as is_barred
    from likeness
    cross join weights

)

select
    asked.left_no,
    asked.right_no,
    case when is_barred then least(likeness_bits, -1) else likeness_bits end as bits
from asked
inner join weighed using (one_no, other_no)
{% endmacro %}
