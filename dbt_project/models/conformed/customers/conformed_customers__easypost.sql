{#- Evidence of identity only: no survivorship order names easypost, so that no value of it survives. EasyPost has no list of
    recipients; each parcel's address is one, and a parcel that comes back is addressed to us. -#}
with recipients as (
    select
        *,
        row_number() over (partition by recipient_key order by event_at desc, record_id) as newest
    from {{ ref('stg_easypost__shipments') }}
    where recipient_key is not null and not coalesce(is_return, false)
),

named as (
    select * replace ('easypost:' || recipient_key as record_id, recipient_key as source_key)
    from recipients
    where newest = 1
)

select
    {{ conformed('customers', recipient()) }}
from named
