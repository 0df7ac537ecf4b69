{{ config(materialized='incremental', incremental_strategy='touched', unique_key=['kind', 'part', 'value']) }}
{#- Values that stand for nobody: the declared ones, and each store's own address and telephone. -#}
select kind, part, value, reason from {{ ref('placeholder_values') }}
union
select 'email', 'value', lower(email), 'a store''s own address' from {{ ref('stg_pos__stores') }} where email is not null
union
select 'phone', 'digits', right({{ replace_all('phone', '[^0-9]', '') }}, 9), 'a store''s own telephone'
from {{ ref('stg_pos__stores') }}
where phone is not null
