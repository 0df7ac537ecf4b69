{{ config(materialized='incremental', incremental_strategy='touched', unique_key=['record_no', 'record_id'], meta={'touched_on': ['record_id'], 'numbered': 'record_no', 'records_of': 'matched_customers__normalised', 'compared': false}) }}
{#- Whether a declared placeholder stands in a record shows in the record alone, and what is shared was learnt: placeholders
    that come or go touch no other record. -#}
{%- set keys = touch({
    'matched_customers__normalised': 'record_id',
    'matched_customers__placeholders': 'select null from {changed} where false',
}) -%}
{#- What each record brings to a comparison: names the right way round, no placeholders, how common its names are. Who bears
    the name of a company, or stands where companies' names do, and bears no given name that is known, is one. -#}
{%- set known -%}
greatest({{ declared('customers', 'normalise.known_name_records') }}, {{ declared('customers', 'normalise.known_name_share') }} * learnt.records)
{%- endset -%}
{%- set is_kin = '(perhaps_company is not null and given.given_name is null and (kin.value is not null or trading.value is not null))' -%}
{%- set is_contact = '(not is_company and company is not null and accounts.value is not null)' -%}
{%- set smooth = declared('customers', 'normalise.affinity_records') -%}
{%- set vocabulary = ref('matched_customers__vocabulary') -%}
{%- set is_turned = '(turned.value is not null and parted.first_word is not null and parted.last_word is not null)' -%}
with straight as (

    select {{ straight_words('parted', is_turned) }}
    from (
        select {{ parted_words('normalised', 'whole.value is not null') }}
        from {{ narrowed(ref('matched_customers__normalised'), keys, 'record_id') }} as normalised
        left join {{ vocabulary }} as whole on whole.kind = 'whole' and normalised.system = whole.value
    ) as parted
    left join {{ vocabulary }} as turned on turned.kind = 'turned' and parted.system = turned.value

),

records as (

    select
        {{ record_number('normalised.record_id') }} as record_no,
        normalised.* exclude (perhaps_company, is_company, company, company_words, first_word, second_word, last_word, last_words, after_particle, name_words, email, email_user, phone, dial, mobile, vat, loyalty_code, birth_on),
        is_company or {{ is_kin }} or {{ is_contact }} as is_company,
        coalesce(company, case when {{ is_kin }} then replace(perhaps_company, ' ', '') end) as company,
        coalesce(
            company_words,
            case when {{ is_kin }} then array_to_string(list_sort(list_distinct(string_split(perhaps_company, ' '))), ' ') end
        ) as company_words,
        {%- for part in ['first_word', 'second_word', 'last_word', 'last_words', 'after_particle', 'name_words'] %}
        case when not ({{ is_kin }} or {{ is_contact }}) then {{ part }} end as {{ part }},
        {%- endfor %}
        case when bad_email.value is null then email end as email,
        case when bad_email.value is null then email_user end as email_user,
        case when bad_phone.value is null then phone end as phone,
        case when bad_phone.value is null and (is_company or {{ is_kin }} or {{ is_contact }}) then dial end as dial,
        case when bad_mobile.value is null then mobile end as mobile,
        case when bad_vat.value is null then vat end as vat,
        case when bad_loyalty.value is null then loyalty_code end as loyalty_code,
        case when bad_birth.value is null then birth_on end as birth_on
    from straight as normalised
    left join (select distinct given_name from {{ ref('nicknames') }}) as given on normalised.first_word = given.given_name
    left join {{ vocabulary }} as kin
        on kin.kind = 'company' and replace(normalised.perhaps_company, ' ', '') = kin.value
    left join {{ vocabulary }} as accounts on accounts.kind = 'accounts' and normalised.system = accounts.value
    left join {{ vocabulary }} as trading on trading.kind = 'trading' and normalised.system = trading.value
    {%- for alias, attribute, column in [
        ('bad_email', 'email', 'email'), ('bad_phone', 'phone', 'phone'), ('bad_mobile', 'phone', 'mobile'),
        ('bad_vat', 'vat', 'vat'), ('bad_loyalty', 'loyalty_code', 'loyalty_code'),
    ] %}
    left join {{ ref('matched_customers__placeholders') }} as {{ alias }}
        on {{ alias }}.attribute = '{{ attribute }}' and {{ alias }}.value = normalised.{{ column }}
    {%- endfor %}
    left join (
        select try_cast(value as date) as value from {{ ref('matched_customers__placeholders') }} where attribute = 'birth_on'
    ) as bad_birth on normalised.birth_on = bad_birth.value

),

words as (

    select value as word, records as as_first, of_records as as_last from {{ vocabulary }} where kind = 'word'

),

named as (
    {{ oriented_names('records', 'words') }}
),

aliases as (

    select
        name,
        min(given_name) as given_name,
        array_to_string(list_sort(list_distinct(list(given_name))), ' ') as given_names,
        bit_or(cast(1 as bigint) << cast({{ record_number('given_name') }} % 63 as integer)) as given_bits
    from (
        select name, given_name from {{ ref('nicknames') }}
        union all
        select given_name, given_name from {{ ref('nicknames') }}
    )
    group by name

),

learnt_aliases as (

    select value as name, min(detail) as least_name, array_to_string(list_sort(list(detail)), ' ') as names
    from {{ vocabulary }}
    where kind = 'alias'
    group by value

),

{#- Of the words that can become a name, each once: `named` itself is read once and not kept. -#}
sounds as (

    select word, {{ sound_key('word') }} as sound
    from (
        {%- for place in ['first_word', 'after_particle', 'last_word'] %}
        select {{ place }} as word from straight
        {{ 'union' if not loop.last }}
        {%- endfor %}
    )
    where word is not null

),

first_names as (

    select
        word as first_name,
        sound,
        coalesce(known.records, 1) as records,
        aliases.given_names,
        aliases.given_bits,
        learnt_aliases.names as learnt_names,
        coalesce(aliases.given_name, least(word, learnt_aliases.least_name), sound) as key
    from sounds
    left join {{ vocabulary }} as known on known.kind = 'first name' and word = known.value
    left join aliases on word = aliases.name
    left join learnt_aliases on word = learnt_aliases.name

),

last_names as (

    select word as last_name, sound, coalesce(known.records, 1) as records, origins.detail as origin
    from sounds
    left join {{ vocabulary }} as known on known.kind = 'last name' and word = known.value
    left join {{ vocabulary }} as origins on origins.kind = 'origin' and word = origins.value

),

learnt as (

    select
        max(records) filter (where kind = 'records') as records,
        greatest(max(records) filter (where kind = 'named' and value = 'first name'), 1) as first_named,
        greatest(max(records) filter (where kind = 'named' and value = 'last name'), 1) as last_named,
        greatest(max(records) filter (where kind = 'named' and value = 'birth place'), 1) as placed,
        greatest(max(records) filter (where kind = 'named' and value = 'occupation'), 1) as occupied
    from {{ vocabulary }}

)

select
    named.record_no,
    named.record_id,
    named.system,
    named.is_company,
    named.first_name,
    named.second_name,
    first_names.sound as first_sound,
    first_names.given_names,
    first_names.given_bits,
    first_names.learnt_names,
    first_names.key as first_key,
    first_names.records / learnt.first_named as first_share,
    first_names.given_names is not null or {{ is_unspaced('named.first_name') }} or first_names.records >= {{ known }} as first_is_known,
    named.last_name,
    case when contains(named.last_names, ' ') then named.last_names end as last_names,
    last_names.sound as last_sound,
    last_names.records / learnt.last_named as last_share,
    last_names.records >= {{ known }} as last_is_known,
    coalesce(
        (affinities.records + {{ smooth }} * first_names.records / learnt.first_named)
        / (affinities.of_records + {{ smooth }}) / (first_names.records / learnt.first_named),
        1
    ) as name_affinity,
    nullif(array_to_string(list_filter(string_split(named.name_words, ' '), lambda w: w <> named.first_name and w <> named.last_name), ' '), '') as other_names,
    {#- No sound reaches over a space, and most names are of two words of which it is known. What is null would go through every rule. -#}
    case
        when named.name_words = named.first_name || ' ' || named.last_name then list_sort(list_distinct(string_split(first_names.sound || ' ' || last_names.sound, ' ')))
        when named.name_words is not null then list_sort(list_distinct(string_split({{ sound_key('named.name_words') }}, ' ')))
    end as name_sounds,
    named.company,
    named.company_words,
    named.legal_form,
    case
        when named.is_company then nullif(array_to_string(list_filter(string_split(named.company_words, ' '), lambda w: w in ('{{ declared('customers', 'normalise.house_words') | join("', '") }}')), ' '), '')
    end as house_words,
    (coalesce(traded.records, 1) - 1) / learnt.records as company_share,
    named.email,
    named.email_user,
    named.email_user in ('{{ declared('customers', 'placeholders.role_users') | join("', '") }}') as email_is_role,
    not {{ matches('named.email_user', '([0-9][^0-9]*){3}') }}
    and (coalesce(contains(named.email_user, named.last_name), false) or coalesce(contains(named.email_user, named.first_name), false))
        as email_user_is_name,
    several.value is not null as email_is_of_several,
    case
        when named.is_company and many.value is null and not {{ matches("split_part(named.email, '@', 2)", declared('customers', 'normalise.public_mail')) }}
            then split_part(named.email, '@', 2)
    end as own_domain,
    coalesce(named.phone, named.mobile) as phone_1,
    case when named.phone is not null then phone_is_mobile else mobile_is_mobile end as phone_1_is_mobile,
    case when named.phone is not null and named.phone <> named.mobile then named.mobile end as phone_2,
    dial,
    mobile_is_mobile as phone_2_is_mobile,
    named.zip,
    named.city,
    named.street,
    named.house,
    named.building,
    named.birth_on,
    dayofyear(named.birth_on) = 1 and yearly.value is not null as birth_is_year,
    named.vat,
    named.loyalty_code,
    named.generation,
    named.gender,
    named.birth_place,
    coalesce(places.records, 1) / learnt.placed as birth_place_share,
    named.occupation,
    coalesce(occupations.records, 1) / learnt.occupied as occupation_share,
    named.linked_record_id
from named
cross join learnt
left join first_names on named.first_name = first_names.first_name
left join last_names on named.last_name = last_names.last_name
left join {{ vocabulary }} as affinities
    on affinities.kind = 'affinity' and named.first_name = affinities.value and last_names.origin = affinities.detail
left join {{ vocabulary }} as yearly on yearly.kind = 'years only' and named.system = yearly.value
left join {{ vocabulary }} as traded on traded.kind = 'company' and named.is_company and named.company = traded.value
left join {{ vocabulary }} as places on places.kind = 'birth place' and named.birth_place = places.value
left join {{ vocabulary }} as occupations on occupations.kind = 'occupation' and named.occupation = occupations.value
left join {{ vocabulary }} as many on many.kind = 'many at' and named.is_company and split_part(named.email, '@', 2) = many.value
left join {{ vocabulary }} as several on several.kind = 'several at' and named.email = several.value
