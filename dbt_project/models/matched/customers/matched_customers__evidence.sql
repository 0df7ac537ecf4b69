{#- What each record brings to a comparison: names the right way round, no placeholders, how common its names are. -#}
{%- set known -%}
greatest({{ declared('customers', 'normalise.known_name_records') }}, {{ declared('customers', 'normalise.known_name_share') }} * (select count(*) from records))
{%- endset -%}
{%- set smooth = declared('customers', 'normalise.affinity_records') -%}
with records as (

    select
        row_number() over (order by normalised.record_id) as record_no,
        normalised.* exclude (email, email_user, email_domain, phone, mobile, vat, loyalty_code, birth_on),
        case when bad_email.value is null then email end as email,
        case when bad_email.value is null then email_user end as email_user,
        case when bad_email.value is null then email_domain end as email_domain,
        case when bad_phone.value is null then phone end as phone,
        case when bad_mobile.value is null then mobile end as mobile,
        case when bad_vat.value is null then vat end as vat,
        case when bad_loyalty.value is null then loyalty_code end as loyalty_code,
        case when bad_birth.value is null then birth_on end as birth_on
    from {{ ref('matched_customers__normalised') }} as normalised
    {%- for alias, attribute, column in [
        ('bad_email', 'email', 'email'), ('bad_phone', 'phone', 'phone'), ('bad_mobile', 'phone', 'mobile'),
        ('bad_vat', 'vat', 'vat'), ('bad_loyalty', 'loyalty_code', 'loyalty_code'), ('bad_birth', 'birth_on', 'birth_on'),
    ] %}
    left join {{ ref('matched_customers__placeholders') }} as {{ alias }}
        on {{ alias }}.attribute = '{{ attribute }}' and {{ alias }}.value = cast(normalised.{{ column }} as varchar)
    {%- endfor %}

),

positions as (

    select word, count(*) filter (place = 'first') as as_first, count(*) filter (place = 'last') as as_last
    from (
        select first_word as word, 'first' as place from records where last_word is not null
        union all
        select last_word, 'last' from records where first_word is not null
    )
    group by word

),

oriented as (

    select
        records.*,
        coalesce(
            (f.as_last + 1) * (l.as_first + 1) > 10 * (f.as_first + 1) * (l.as_last + 1), false
        ) as is_swapped
    from records
    left join positions as f on records.first_word = f.word
    left join positions as l on records.last_word = l.word

),

named as (

    select
        * exclude (first_word, second_word, last_word, last_words),
        case when is_swapped then last_word else first_word end as first_name,
        case when not is_swapped then second_word end as second_name,
        case when is_swapped then first_word else last_word end as last_name,
        case when is_swapped then [first_word] else last_words end as last_names
    from oriented

),

aliases as (

    select name, list(distinct given_name order by given_name) as given_names
    from (
        select name, given_name from {{ ref('nicknames') }}
        union all
        select given_name, given_name from {{ ref('nicknames') }}
    )
    group by name

),

first_names as (

    select
        first_name,
        {{ sound_key('first_name') }} as sound,
        count(*) as records,
        count(*) / sum(count(*)) over () as share
    from named
    where first_name is not null
    group by first_name

),

family_counts as (

    select last_name, origin, count(*) as records
    from named
    where last_name is not null and origin is not null
    group by last_name, origin

),

family_origins as (

    select last_name, min(origin) as origin
    from (
        select last_name, origin, records = max(records) over (partition by last_name) as is_usual
        from family_counts
    )
    where is_usual
    group by last_name

),

affinities as (

    select
        first_name,
        family_origins.origin,
        count(*) as records,
        sum(count(*)) over (partition by family_origins.origin) as records_of_origin
    from named
    inner join family_origins on named.last_name = family_origins.last_name
    where first_name is not null
    group by first_name, family_origins.origin

),

last_names as (

    select
        last_name,
        {{ sound_key('last_name') }} as sound,
        count(*) as records,
        count(*) / sum(count(*)) over () as share
    from named
    where last_name is not null
    group by last_name

)

select
    named.record_no,
    named.record_id,
    named.system,
    named.is_company,
    named.first_name,
    named.second_name,
    first_names.sound as first_sound,
    aliases.given_names,
    coalesce(aliases.given_names[1], first_names.sound) as first_key,
    first_names.share as first_share,
    aliases.given_names is not null or first_names.records >= {{ known }} as first_is_known,
    named.last_name,
    named.last_names,
    last_names.sound as last_sound,
    last_names.share as last_share,
    last_names.records >= {{ known }} as last_is_known,
    coalesce(
        (affinities.records + {{ smooth }} * first_names.share) / (affinities.records_of_origin + {{ smooth }}) / first_names.share, 1
    ) as name_affinity,
    named.company,
    named.email,
    named.email_user,
    named.email_domain,
    named.email_user in ('{{ declared('customers', 'placeholders.role_users') | join("', '") }}') as email_is_role,
    len(regexp_replace(named.email_user, '[^0-9]', '', 'g')) <= 2
    and (coalesce(contains(named.email_user, named.last_name), false) or coalesce(contains(named.email_user, named.first_name), false))
        as email_user_is_name,
    coalesce(named.phone, named.mobile) as phone_1,
    case when named.phone is not null then phone_is_mobile else mobile_is_mobile end as phone_1_is_mobile,
    case when named.phone is not null and named.phone <> named.mobile then named.mobile end as phone_2,
    mobile_is_mobile as phone_2_is_mobile,
    named.zip,
    named.city,
    named.street,
    named.house,
    named.birth_on,
    named.vat,
    named.loyalty_code,
    named.linked_record_id
from named
left join first_names on named.first_name = first_names.first_name
left join last_names on named.last_name = last_names.last_name
left join aliases on named.first_name = aliases.name
left join family_origins on named.last_name = family_origins.last_name
left join affinities on named.first_name = affinities.first_name and family_origins.origin = affinities.origin
