{{ config(materialized='view') }}
select
    customer_id,
    kind,
    {{ masked_text('full_name') }} as full_name,
    company_name,
    {{ masked_email('email') }} as email,
    {{ masked_phone('phone') }} as phone,
    {{ masked_phone('mobile') }} as mobile,
    city,
    left(zip, 2) as zip_area,
    country_code,
    extract(year from birth_on) as birth_year,
    vat is not null as has_vat,
    loyalty_code is not null as is_member,
    language,
    accepts_marketing,
    record_count,
    system_count
from {{ ref('golden_customers') }}
