{#- Every live record in comparable form, with what it said before we published on it. Placeholder names are no names; other placeholders fall later. -#}
{%- set titles = declared('customers', 'normalise.titles') -%}
{%- set particles = declared('customers', 'normalise.particles') -%}
with own as (

    select
        records.* replace (
            case when 'name' in records.echoes and records.kind = 'person' then originals.name else records.full_name end as full_name,
            case
                when 'company_name' in records.echoes and records.kind = 'company' then originals.name
                else records.company_name
            end as company_name,
            {%- for trait, column in [
                ('email', 'email'), ('phone', 'phone'), ('address', 'street'), ('address', 'street2'), ('address', 'city'),
                ('address', 'zip'), ('vat', 'vat'),
            ] %}
            case when '{{ trait }}' in records.echoes then originals.{{ column }} else records.{{ column }} end as {{ column }}{{ ',' if not loop.last }}
            {%- endfor %}
        )
    from {{ ref('conformed_customers') }} as records
    left join {{ ref('matched_customers__originals') }} as originals on records.record_id = originals.record_id
    where not records.is_deleted and not coalesce(originals.is_created, false)

),

folded as (

    select
        record_id,
        system,
        kind = 'company' as is_company,
        nullif({{ fold_text("coalesce(first_name, case when full_name like '%,%' then split_part(full_name, ',', 2) end)") }}, '') as given,
        nullif({{ fold_text("coalesce(last_name, case when full_name like '%,%' then split_part(full_name, ',', 1) end)") }}, '') as family,
        nullif({{ fold_text('full_name') }}, '') as full_name,
        nullif({{ fold_text('company_name') }}, '') as company_name,
        lower(trim(email)) as email,
        {%- for column in ['phone', 'mobile'] %}
        right(nullif(regexp_replace({{ column }}, '[^0-9]', '', 'g'), ''), 9) as {{ column }},
        case when {{ column }} like '+%' then regexp_matches({{ column }}, '{{ declared('customers', 'normalise.mobile_numbers') }}') end as {{ column }}_is_mobile,
        {%- endfor %}
        regexp_replace({{ fold_text("concat_ws(' ', street, street2)") }}, '{{ declared('customers', 'normalise.flats') }}', ' ', 'g') as house_line,
        nullif({{ fold_text('city') }}, '') as city,
        nullif(regexp_replace(upper(zip), '[^A-Z0-9]', '', 'g'), '') as zip,
        coalesce(language, lower(country_code)) as origin,
        birth_on,
        nullif(regexp_replace(upper(vat), '[^A-Z0-9]', '', 'g'), '') as vat,
        nullif(upper(trim(loyalty_code)), '') as loyalty_code,
        linked_record_id
    from own

),

sorted as (

    select
        * replace (
            is_company
            or system not in ('{{ declared('customers', 'normalise.kind_stated_by') | join("', '") }}')
            and coalesce(
                given is null and company_name = coalesce(full_name, family, company_name)
                or regexp_matches(coalesce(full_name, family), '{{ declared('customers', 'normalise.company_endings') }}')
                or split_part(email, '@', 1) in ('{{ declared('customers', 'placeholders.role_users') | join("', '") }}')
                and (company_name is not null or split_part(split_part(email, '@', 2), '.', 1) = replace(full_name, ' ', '')),
                false
            ) as is_company
        )
    from folded

),

worded as (

    select
        * exclude (given),
        {{ words("coalesce(given, case when not is_company and family is null then split_part(full_name, ' ', 1) end)", titles) }} as given_words,
        {{ words("coalesce(family, case when not is_company and given is null then substr(full_name, instr(full_name || ' ', ' ') + 1) end)", titles + particles) }} as family_words,
        {{ words("coalesce(company_name, case when is_company then coalesce(full_name, family) end)", declared('customers', 'normalise.legal_forms')) }} as company_words,
        {{ words("regexp_replace(house_line, '([0-9]+) ?([a-z])?( |$)', ' ', 'g')", declared('customers', 'normalise.street_types')) }} as street_words,
        split_part(split_part(email, '@', 1), '+', 1) as local_part,
        split_part(email, '@', 2) as domain
    from sorted

),

judged as (

    select
        *,
        not is_company and coalesce(given_words[1] not in ('{{ declared('customers', 'placeholders.names') | join("', '") }}'), true) as has_name
    from worded

)

select
    record_id,
    system,
    is_company,
    case when has_name then given_words[1] end as first_word,
    case when has_name then coalesce(given_words[2], case when family is null and len(family_words) > 1 then family_words[1] end) end as second_word,
    case when has_name then coalesce(list_filter(family_words, lambda w: len(w) > 1)[-1], family_words[-1]) end as last_word,
    case when has_name then list_filter(family_words, lambda w: len(w) > 1) end as last_words,
    nullif(array_to_string(company_words, ''), '') as company,
    case
        when domain = '' then null
        when domain in ('gmail.com', 'googlemail.com') then replace(local_part, '.', '') || '@gmail.com'
        else local_part || '@' || domain
    end as email,
    nullif(case when domain in ('gmail.com', 'googlemail.com') then replace(local_part, '.', '') else local_part end, '') as email_user,
    nullif(domain, '') as email_domain,
    case when len(phone) >= 7 then phone end as phone,
    phone_is_mobile,
    case when len(mobile) >= 7 then mobile end as mobile,
    mobile_is_mobile,
    zip,
    city,
    list_sort(street_words)[1] as street,
    nullif(regexp_extract(house_line, '([0-9]+) ?([a-z])?( |$)', 1), '') as house,
    origin,
    birth_on,
    vat,
    loyalty_code,
    linked_record_id
from judged
