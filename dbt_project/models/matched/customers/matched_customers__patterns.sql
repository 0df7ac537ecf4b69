{{ config(materialized='view') }}
{#- Of pairs that only rules for few records bring together nothing is learnt. -#}
{%- set compared, blocks = ref('matched_customers__comparisons'), ref('matched_customers__blocks') -%}
{%- set of_few = 'in (' ~ rules_of_few('customers') ~ ')' -%}
{%- if execute and has_rows('(select 1 from ' ~ blocks ~ ' where rule ' ~ of_few ~ ')') -%}
{%- set of_any = '(select rule, key, record_no from ' ~ blocks ~ ' where rule not ' ~ of_few ~ ')' -%}
{%- set compared = '(select * from ' ~ compared ~ ' semi join (' ~ pair_records('customers', of_any) ~ ') as met using (left_no, right_no))' -%}
{%- endif -%}
{{ count_patterns('customers', compared) }}
