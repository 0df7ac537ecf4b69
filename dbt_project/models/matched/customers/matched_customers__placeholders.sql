{#- Values that stand for nobody in particular: declared ones, and those that unrelated surnames share. -#}
with declared as (

    select kind, part, value from {{ ref('conformed_customers__placeholders') }}

),

uses as (

    select 'email' as attribute, email as value, coalesce(company, last_word) as party from {{ ref('matched_customers__normalised') }}
    union all
    select 'phone', unnest([phone, mobile]), coalesce(company, last_word) from {{ ref('matched_customers__normalised') }}
    union all
    select 'vat', vat, coalesce(company, last_word) from {{ ref('matched_customers__normalised') }}
    union all
    select 'loyalty_code', loyalty_code, coalesce(company, last_word) from {{ ref('matched_customers__normalised') }}

),

counted as (

    select attribute, value, count(party) as records, count(distinct left(party, 2)) as surnames
    from uses
    where value is not null
    group by attribute, value

),

birth_dates as (

    select birth_on, count(*) as records, sum(count(*)) over () as dated
    from {{ ref('matched_customers__normalised') }}
    where birth_on is not null
    group by birth_on

)

select
    attribute,
    value,
    records,
    case
        when surnames >= {{ declared('customers', 'placeholders.surnames') }} then 'shared by unrelated surnames'
        else 'declared'
    end as reason
from counted
where
    (surnames >= {{ declared('customers', 'placeholders.surnames') }} and surnames >= records * {{ declared('customers', 'placeholders.surname_share') }})
    or (attribute = 'phone' and value in (select value from declared where kind = 'phone'))
    or (
        attribute = 'email'
        and (
            value in (select value from declared where kind = 'email' and part = 'value')
            or split_part(value, '@', 1) in (select value from declared where kind = 'email' and part = 'user')
            or split_part(value, '@', 1) in ('{{ declared('customers', 'placeholders.email_users') | join("', '") }}')
            or regexp_matches(split_part(value, '@', 2), '{{ declared('customers', 'placeholders.email_domains') }}')
        )
    )
    or (
        attribute = 'phone'
        and (
            replace(value, left(value, 1), '') = ''
            or '0123456789012345678' like '%' || value || '%'
            or '9876543210987654321' like '%' || value || '%'
        )
    )

union all

select
    'birth_on' as attribute,
    cast(birth_on as varchar) as value,
    records,
    'more common than any birthday is' as reason
from birth_dates
where
    (records >= 5 and records > dated * {{ declared('customers', 'placeholders.birth_date_share') }})
    or cast(birth_on as varchar) in (select value from declared where kind = 'birth_on')
