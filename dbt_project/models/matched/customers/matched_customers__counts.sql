{{ config(materialized='view') }}
{#- What only all records together tell: how common names are, which word is whose, which values stand for nobody. A name
    of one record only is nobody's business: left out, it counts as one. -#}
{%- set records = 'straight' -%}
{%- set is_turned = '(turned.system is not null and parted.first_word is not null and parted.last_word is not null)' -%}
with given as (

    select name from {{ ref('nicknames') }}
    union
    select given_name from {{ ref('nicknames') }}

),

{#- Systems that write whole names where given names belong. -#}
whole as (

    select system
    from {{ ref('matched_customers__normalised') }}
    where first_word is not null and last_word is null
    group by system
    having
        count(second_word) >= greatest({{ declared('customers', 'normalise.whole_records') }}, {{ declared('customers', 'normalise.whole_share') }} * count(*))

),

parted as (

    select {{ parted_words('normalised', 'whole.system is not null') }}
    from {{ ref('matched_customers__normalised') }} as normalised
    left join whole on normalised.system = whole.system

),

{#- Systems that have family names first. -#}
turned as (

    select system
    from parted
    left join given as f on first_word = f.name
    left join given as l on last_word = l.name
    where first_word <> last_word
    group by system
    having
        count(*) filter (l.name is not null and f.name is null)
        >= greatest({{ declared('customers', 'normalise.turned_records') }}, {{ declared('customers', 'normalise.turned_excess') }} * count(*) filter (f.name is not null and l.name is null))

),

straight as (

    select {{ straight_words('parted', is_turned) }}
    from parted
    left join turned on parted.system = turned.system

),

words as (

    select word, count(*) filter (place = 'first') as as_first, count(*) filter (place = 'last') as as_last
    from (
        select first_word as word, 'first' as place from {{ records }} where last_word is not null
        union all
        select last_word, 'last' from {{ records }} where first_word is not null
    )
    where word is not null
    group by word
    having count(*) > 1

),

named as (
    {{ oriented_names(records, 'words') }}
),

origins as (

    select last_name, min(origin) as origin
    from (
        select last_name, origin, count(*) = max(count(*)) over (partition by last_name) and sum(count(*)) over (partition by last_name) > 1 as is_usual
        from named
        where last_name is not null and origin is not null
        group by last_name, origin
    )
    where is_usual
    group by last_name

),

shared_by as (

    select last_word, first_words
    from (
        select last_word, list_distinct(list(first_word)) as first_words
        from (
            {%- for key in ['email', 'phone', 'mobile', 'loyalty_code'] %}
            select {{ key }} as key, last_word, first_word from {{ records }}
            where len(first_word) > 1{% if key == 'email' %} and email_user not in ('{{ declared('customers', 'placeholders.role_users') | join("', '") }}'){% endif %}
            {{ 'union all' if not loop.last }}
            {%- endfor %}
        )
        where key is not null and last_word is not null
        group by key, last_word
        having min(first_word) <> max(first_word)
    )
    where array_length(first_words) <= {{ declared('customers', 'normalise.alias_names') }}

),

paired as (

    select name, other_name, count(distinct last_word) as families
    from (
        select last_word, name, unnest(first_words) as other_name
        from (select last_word, first_words, unnest(first_words) as name from shared_by)
    )
    where name <> other_name
    group by name, other_name

),

aliases as (

    select name, other_name, families
    from (
        select
            *,
            sum(families) over (partition by name) as of_name,
            sum(families) over (partition by other_name) as of_other,
            sum(families) over () as of_all
        from paired
    )
    where
        families >= {{ declared('customers', 'normalise.alias_families') }}
        and families * of_all > {{ declared('customers', 'normalise.alias_excess') }} * of_name * of_other

),

{#- Systems whose names are those of companies, whichever column they stand in. -#}
trading as (

    select system
    from {{ records }}
    where perhaps_company is not null
    group by system
    having
        count(*) filter (is_company)
        >= (count(*) + {{ declared('customers', 'normalise.trading_records') }}) * {{ declared('customers', 'normalise.trading_share') }}

),

{#- Systems that keep companies, most by name and some without anybody to ask for: who is named beside one is its contact. -#}
accounts as (

    select system
    from {{ records }}
    where system not in ('{{ declared('customers', 'normalise.kind_stated_by') | join("', '") }}')
    group by system
    having
        count(company) >= (count(*) + {{ declared('customers', 'normalise.trading_records') }}) * {{ declared('customers', 'normalise.trading_share') }}
        and count(company) filter (is_company) >= count(company) * {{ declared('customers', 'normalise.account_share') }}

),

{%- set party = "coalesce(company, last_word, case when is_nobody then '-' end)" -%}
uses as (

    select 'email' as attribute, email as value, {{ party }} as party from {{ records }}
    union all
    select 'phone', phone, {{ party }} from {{ records }}
    union all
    select 'phone', mobile, {{ party }} from {{ records }}
    union all
    select 'vat', vat, coalesce(company, last_word) from {{ records }}
    union all
    select 'loyalty_code', loyalty_code, {{ party }} from {{ records }}

),

shared as (

    select
        attribute,
        value,
        cast(coalesce(sum(records) filter (where surname <> '-'), 0) as bigint) as records,
        coalesce(max(records) filter (where surname = '-'), 0) as of_nobody,
        count(surname) filter (where surname <> '-') as surnames,
        max(records) filter (where surname <> '-') as of_most_common
    from (
        select attribute, value, left(party, 2) as surname, count(party) as records
        from uses
        where value is not null
        group by attribute, value, left(party, 2)
    )
    group by attribute, value

)

select 'records' as kind, '' as value, cast(null as varchar) as detail, count(*) as records, cast(null as bigint) as of_records
from {{ records }}
union all
select 'named', 'first name', null, count(first_name), null from named
union all
select 'named', 'last name', null, count(last_name), null from named
union all
select 'company', company, null, count(*), null
from (
    select company from {{ records }} left join accounts using (system) where is_company or accounts.system is not null
    union all
    select replace(perhaps_company, ' ', '') from {{ records }} semi join trading using (system) where not is_company
)
where company is not null
group by company
union all
select 'trading', system, null, null, null from trading
union all
select 'accounts', system, null, null, null from accounts
union all
select 'turned', system, null, null, null from turned
union all
select 'whole', system, null, null, null from whole
union all
{# Mailboxes of several names at which a record has none. -#}
select 'several at', email, null, null, null
from {{ records }}
where email in (select email from {{ records }} where email is not null and first_word is null and not is_company) and not is_company
group by email
having min(left(first_word, 1)) <> max(left(first_word, 1))
union all
{# Domains of companies of so many names: no company's own. -#}
select 'many at', split_part(email, '@', 2), null, null, null
from {{ records }}
where is_company and email is not null
group by split_part(email, '@', 2)
having count(distinct left(company, 2)) >= {{ declared('customers', 'placeholders.surnames') }}
union all
select 'named', 'birth place', null, count(birth_place), null from named
union all
select 'named', 'occupation', null, count(occupation), null from named
union all
select 'birth place', birth_place, null, count(*), null
from named
where birth_place is not null
group by birth_place
having count(*) > 1
union all
select 'occupation', occupation, null, count(*), null
from named
where occupation is not null
group by occupation
having count(*) > 1
union all
select 'word', word, null, as_first, as_last from words
union all
select 'first name', first_name, null, count(*), null
from named
where first_name is not null
group by first_name
having count(*) > 1
union all
select 'last name', last_name, null, count(*), null
from named
where last_name is not null
group by last_name
having count(*) > 1
union all
select 'alias', name, other_name, families, null from aliases
union all
select 'origin', last_name, origin, null, null from origins
union all
select 'affinity', first_name, origins.origin, count(*), cast(sum(count(*)) over (partition by origins.origin) as bigint)
from named
inner join origins on named.last_name = origins.last_name
where first_name is not null
group by first_name, origins.origin
union all
select 'years only', system, null, count(*) filter (dayofyear(birth_on) = 1), count(*)
from {{ records }}
where birth_on is not null
group by system
having
    count(distinct birth_on) filter (dayofyear(birth_on) = 1) >= {{ declared('customers', 'normalise.years_only_dates') }}
    and count(*) filter (dayofyear(birth_on) = 1) * 365 >= count(*) * {{ declared('customers', 'normalise.years_only_excess') }}
union all
select 'shared', value, attribute, records + of_nobody, surnames
from shared
where
    {#- Who gives a placeholder for a name gives the shop's number, or the till does. -#}
    (
        of_nobody >= {{ declared('customers', 'placeholders.nobody') }}
        and of_nobody >= records * {{ declared('customers', 'placeholders.surname_share') }}
    )
    or surnames >= {{ declared('customers', 'placeholders.surnames') }}
    and (
        surnames >= records * {{ declared('customers', 'placeholders.surname_share') }}
        or (
            records > {{ declared('customers', 'blocks.cap') }}
            and of_most_common <= records * {{ declared('customers', 'placeholders.surname_most') }}
        )
    )
union all
select 'shared', cast(birth_on as varchar), 'birth_on', records, dated
from (
    select birth_on, count(*) as records, sum(count(*)) over () as dated, count(*) over () as days
    from {{ records }}
    where birth_on is not null
    group by birth_on
)
where
    records >= 5
    and records > dated * {{ declared('customers', 'placeholders.birth_date_share') }}
    and records > dated / days * {{ declared('customers', 'placeholders.birth_date_excess') }}
