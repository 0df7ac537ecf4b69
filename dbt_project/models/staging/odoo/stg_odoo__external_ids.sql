{{ config(materialized='view') }}
with versions as (
    {{ latest_per_key(source('odoo', 'external_ids')) }}
),

parsed as (
    select *, {{ from_payload({'name': 'VARCHAR', 'model': 'VARCHAR', 'res_id': 'BIGINT'}) }} as payload
    from versions
)

select
    {{ envelope() }},
    payload.name as golden_id,
    payload.model,
    payload.res_id as odoo_id
from parsed
