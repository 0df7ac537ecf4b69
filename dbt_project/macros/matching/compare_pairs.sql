{#- One level per declared comparison for each pair of record numbers; 0 is the best level, null means nothing to compare. Measures
    are computed beside the levels that read them: carried there with both records, every pair would be copied whole. `pairs` is a
    query. Of `few` pairs the records are looked up once, not once for each side. -#}
{% macro compare_pairs(domain, pairs, evidence, few=false) %}
with these as materialized (
    {{ pairs }}
){% if few %},

met as materialized (
    select * from {{ evidence }} where record_no in (select unnest([left_no, right_no]) from these)
){% endif %}

select
    left_no,
    right_no,
    affinity,
    {%- for comparison in declared(domain, 'compare.comparisons') %}
    {{ comparison.name }},
    {%- if comparison.share is defined %}
    {{ comparison.name }}_share,
    {%- endif %}
    {%- endfor %}
from (
    select
        pairs.*,
        {{ declared(domain, 'learn.affinity') }} as affinity,
        {%- for measure in declared(domain, 'compare.measures') %}
        {{ measure.is }} as {{ measure.name }},
        {%- endfor %}
        {%- for comparison in declared(domain, 'compare.comparisons') %}
        cast(case
            when {{ comparison.missing }} then null
            {%- for level in comparison.levels %}
            {% if level.when is defined %}when {{ level.when }} then {% else %}else {% endif %}{{ loop.index0 }}
            {%- endfor %}
        end as tinyint) as {{ comparison.name }},
        {%- if comparison.share is defined %}
        {{ comparison.share }} as {{ comparison.name }}_share,
        {%- endif %}
        {%- endfor %}
    from these as pairs
    inner join {{ 'met' if few else evidence }} as l on pairs.left_no = l.record_no
    inner join {{ 'met' if few else evidence }} as r on pairs.right_no = r.record_no
)
{% endmacro %}
