{{ config(materialized='incremental', incremental_strategy='touched', unique_key='record_id', meta={'records_of': 'conformed_customers', 'compared': false, 'before': ['email', 'phone', 'mobile', 'birth_on']}) }}
{#- Where a record came from and when is none of its content: what comes again with the same content is not touched. -#}
{%- set content = "columns(c -> c not in ('source_key', 'unit', 'load_id', 'event_at', 'extracted_at', 'is_active', 'accepts_marketing', 'published_id', 'corrections'))" -%}
{%- set keys = touch({
    'conformed_customers': said_otherwise('conformed_customers', 'record_id', content),
    'matched_customers__originals': 'record_id',
}) -%}
{#- Every live record in comparable form, with what it said before we published on it. Placeholder names are no names; other placeholders fall later. -#}
{%- set titles = declared('customers', 'normalise.titles') -%}
{%- set longest = declared('customers', 'normalise.longest_text') -%}
{#- A number by itself and its letter; one that is glued to the end of a street where there is no other. -#}
{%- set numbers = declared('customers', 'normalise.house_numbers') -%}
{%- set numbered = '[^0-9 ]([0-9]+(?:(?:丁目|番地|番| )+[0-9]+){1,2})' -%}
{%- set particles = declared('customers', 'normalise.particles') -%}
{%- set zips = declared('customers', 'normalise.zips') -%}
{%- set boxes = declared('customers', 'normalise.post_boxes') -%}
{%- set zip_behind = '( [0-9]{4,6}\\b)?' -%}
{%- set no_text = "('" ~ declared('customers', 'normalise.no_text') | join("', '") ~ "')" -%}
{%- set nobody = "('" ~ (declared('customers', 'normalise.no_text') + declared('customers', 'placeholders.names')) | join("', '") ~ "')" -%}
{#- A name that stands whole in the column of family names. -#}
{%- set whole = "first_name is null and last_name like '%,%'" -%}
{%- set listed = "'" ~ particles | join("', '") ~ "'" -%}
with placed as (

    select
        records.*,
        coalesce(originals.written, []) as written,
        originals.name as own_name,
        originals.lang as own_language,
        {%- for column in ['email', 'phone', 'street', 'street2', 'city', 'zip', 'vat'] %}
        originals.{{ column }} as own_{{ column }},
        {%- endfor %}
        case
            when {{ list_has('records.echoes', 'address') }} and {{ list_has('originals.written', 'country_id') }} then originals.country_id
            else records.country_code
        end as own_country
    from {{ narrowed(ref('conformed_customers'), keys, 'record_id') }} as records
    left join {{ ref('matched_customers__originals') }} as originals on records.record_id = originals.record_id
    where not records.is_deleted and not coalesce(originals.is_created, false)

),

own as (

    select
        placed.record_id,
        placed.system,
        placed.kind,
        left(placed.first_name, {{ longest }}) as first_name,
        left(placed.last_name, {{ longest }}) as last_name,
        placed.mobile,
        placed.birth_on,
        case when len(placed.loyalty_code) <= {{ longest }} then placed.loyalty_code end as loyalty_code,
        placed.gender,
        left(placed.birth_place, {{ longest }}) as birth_place,
        left(placed.occupation, {{ longest }}) as occupation,
        placed.linked_record_id,
        own_country as country_code,
        case when {{ list_has('echoes', 'name') }} and kind = 'person' then {{ natural_name('own_name') }} else left(full_name, {{ longest }}) end as full_name,
        case when {{ list_has('echoes', 'company_name') }} and kind = 'company' then own_name else left(company_name, {{ longest }}) end as company_name,
        case when {{ list_has('echoes', 'email') }} then {{ email_address('own_email') }} else placed.email end as email,
        case when {{ list_has('echoes', 'phone') }} then {{ phone_number('own_phone', 'plans') }} else placed.phone end as phone,
        {%- for column in ['street', 'street2', 'city', 'zip'] %}
        case when {{ list_has('echoes', 'address') }} and {{ list_has('written', column) }} then own_{{ column }} else left(placed.{{ column }}, {{ longest }}) end as {{ column }},
        {%- endfor %}
        case when {{ list_has('echoes', 'vat') }} then own_vat else placed.vat end as vat,
        case when {{ list_has('echoes', 'language') }} then lower(left(own_language, 2)) else placed.language end as language
    from placed
    left join {{ ref('calling_codes') }} as plans
        on plans.country_code = coalesce(upper(own_country), '{{ var("home_country") }}')

),

{#- An address that stands in one line, of which there is neither city nor zip elsewhere; a zip in front of its city. -#}
lined as (

    select
        * exclude (street, city, zip),
        case
            when parts is not null then split_part(parts, '|', 1)
            {#- Where city and zip stand behind the street as well, they are none of it. -#}
            when contains(lower(split_part(street, ',', -1)), lower(city)) and street like '%,%'
                then left(street, length(street) - length(split_part(street, ',', -1)) - 1)
            else street
        end as street,
        case
            when zip is null and {{ matches('upper(city)', '^(?:[A-Z]{1,2}-)?(?:' ~ zips ~ ') +[^0-9]') }}
                then {{ replace_all('upper(city)', '^(?:[A-Z]{1,2}-)?(?:' ~ zips ~ ') +', '') }}
            when parts is null then city
            else split_part(parts, '|', 2)
        end as city,
        case
            when parts is null then coalesce(zip, nullif(regexp_extract(upper(city), '^(?:[A-Z]{1,2}-)?(' || '{{ zips }}' || ') +[^0-9]', 1), ''))
            else split_part(parts, '|', 3)
        end as zip
    from (
        select *, case when city is null and zip is null then {{ address_line(box_in_front('street')) }} end as parts from own
    )

),

folded as (

    select
        record_id,
        system,
        coalesce(kind = 'company', false) as is_company,
        kind is null or system not in ('{{ declared('customers', 'normalise.kind_stated_by') | join("', '") }}') as is_unstated,
        nullif({{ fold_name("case when " ~ whole ~ " then split_part(last_name, ',', 2) else coalesce(first_name, case when full_name like '%,%' then split_part(full_name, ',', 2) end) end") }}, '') as given,
        nullif({{ fold_name("case when " ~ whole ~ " then split_part(last_name, ',', 1) else coalesce(last_name, case when full_name like '%,%' then split_part(full_name, ',', 1) end) end") }}, '') as family,
        coalesce(first_name is null and {{ matches('last_name', '^[^,]*[^ ,-] +[^ ,-][^,]*$') }}, false) as is_whole_name,
        nullif({{ fold_name('full_name') }}, '') as full_name,
        nullif({{ fold_name('company_name') }}, '') as company_name,
        case when len(email) <= {{ longest }} then lower(trim(email)) end as email,
        {%- for column in ['phone', 'mobile'] %}
        right(nullif(regexp_replace({{ column }}, '[^0-9]', '', 'g'), ''), 9) as {{ column }},
        {%- if column == 'phone' %}
        regexp_replace(phone, '[^0-9]', '', 'g') as dial,
        {%- endif %}
        case when {{ column }} like '+%' then regexp_matches({{ column }}, '{{ declared('customers', 'normalise.mobile_numbers') }}') end as {{ column }}_is_mobile,
        {%- endfor %}
        {%- for column in ['street', 'street2'] %}
        regexp_replace({{ fold_name(column) }}, '{{ declared('customers', 'normalise.flats') }}', ' ', 'g') as {{ column }}_line,
        {%- endfor %}
        nullif({{ fold_name('city') }}, '') as city,
        nullif(regexp_replace(upper(zip), '^([0-9]+)\.0+$|[^A-Z0-9]', '\1', 'g'), '') as zip,
        coalesce(language, lower(country_code)) as origin,
        birth_on,
        nullif(regexp_replace(upper(vat), '[^A-Z0-9]', '', 'g'), '') as vat,
        upper(country_code) as country_code,
        nullif(upper(trim(loyalty_code)), '') as loyalty_code,
        lower(left(trim(gender), 1)) as gender,
        nullif({{ fold_text('birth_place') }}, '') as birth_place,
        nullif({{ fold_text('occupation') }}, '') as occupation,
        linked_record_id
    from lined

),

{#- What is known of it: no placeholders, zips in their shortest form. -#}
told as (

    select
        * exclude (given, family, full_name, street_line, street2_line, city, zip),
        nullif(replace(regexp_extract(concat_ws(' , ', street_line, street2_line), '{{ boxes }}', 1), ' ', ''), '') as box,
        case when given in {{ no_text }} and family not in {{ nobody }} then null else {{ untitled('given') }} end as given,
        case when family in {{ no_text }} and given not in {{ nobody }} then null else family end as family,
        case
            when given in {{ no_text }} and family not in {{ nobody }} then family
            when family in {{ no_text }} and given not in {{ nobody }} then {{ untitled('given') }}
            else {{ untitled('full_name') }}
        end as full_name,
        case when street_line not in {{ no_text }} then street_line end as street_line,
        case when street2_line not in {{ no_text }} then street2_line end as street2_line,
        case when city not in {{ no_text }} then {{ replace_all('city', ' (cedex.*|[0-9]{1,2}(e|er|eme)( .*)?)$', '') }} end as city,
        case
            when {{ matches('zip', '^[0-9]{5}$') }} and zip not in ('00000', '99999') then zip  -- as nearly all are
            when lower(zip) in {{ no_text }} or {{ matches('zip', '^(0+|9{4,})$') }} then null
            when {{ matches('zip', '^[0-9]{3,4}$') }} and country_code in ('{{ declared('customers', 'normalise.zips_of_five') | join("', '") }}') then lpad(zip, 5, '0')
            when {{ matches('zip', '^[A-Z]{1,2}([0-9]{4,5}|[0-9]{4}[A-Z]{2})$') }} then {{ replace_all('zip', '^[A-Z]+', '') }}
            when {{ matches('zip', '^[0-9]{9}$') }} then left(zip, 5)
            else zip
        end as zip
    from folded

),

sorted as (

    select
        * exclude (full_name, is_company, country_code, street_line, street2_line),
        {%- for column in ['street_line', 'street2_line'] %}
        case when box is null then {{ column }} else trim({{ replace_all(column, boxes ~ zip_behind, ' ') }}) end as {{ column }},
        {%- endfor %}
        {#- 'Mrs Jana Nova': a title in front of two names is none of them. -#}
        case
            when split_part(full_name, ' ', 1) in ('{{ titles | join("', '") }}')
                then {{ replace_all('full_name', '^(?:(?:' ~ titles | join('|') ~ ') )+([^ ]+ )', '\\1') }}
            else full_name
        end as full_name,
        is_company
        or is_unstated
        and coalesce(
            given is null and company_name = coalesce(full_name, family, company_name)
            or regexp_matches(coalesce(full_name, family), '{{ declared('customers', 'normalise.company_endings') }}|(^| )({{ declared('customers', 'normalise.trade_words') | join('|') }})( |$)')
            {#- Whose name the company bears trades under it, unless its legal form says otherwise; a workplace states no tax number. -#}
            or company_name is not null
            and not {{ matches("coalesce(country_code, '') || vat", declared('customers', 'normalise.personal_tax_numbers')) }}
            and (
                {{ matches('company_name', declared('customers', 'normalise.company_endings')) }}
                or not list_has_all(string_split(company_name, ' '), string_split(coalesce(given || ' ' || family, full_name, family), ' '))
            )
            or (company_name is not null or contains(email || '.', '@' || replace(full_name, ' ', '') || '.'))
            and {{ matches('email', '^(' ~ declared('customers', 'placeholders.role_users') | join('|') ~ ')(@|$)') }},
            false
        ) as is_company
    from told

),

worded as (

    select
        * exclude (given),
        {{ words("coalesce(given, case when not is_company and (family is null or is_whole_name) then split_part(full_name, ' ', 1) end)", titles) }} as given_words,
        {{ words("coalesce(case when is_company or not is_whole_name then family end, case when not is_company and given is null then substr(full_name, instr(full_name || ' ', ' ') + 1) end)", titles + particles) }} as family_words,
        {{ words('full_name', titles + particles) }} as name_words,
        case
            when not is_company and {{ is_unspaced('coalesce(family, given, full_name)') }}
                then {{ sorted_letters("coalesce(family || coalesce(given, ''), given, full_name)") }}
        end as unspaced_name,
        {{ words("case when is_unstated and company_name is null and birth_on is null and loyalty_code is null then full_name end", declared('customers', 'normalise.legal_forms')) }} as perhaps_company_words,
        {{ words("regexp_replace(coalesce(company_name, case when is_company then coalesce(full_name, family) end), '" ~ declared('customers', 'normalise.company_endings') ~ "', '')", declared('customers', 'normalise.legal_forms')) }} as company_words,
        {{ legal_form("coalesce(company_name, case when is_company then coalesce(full_name, family) end)") }} as legal_form,
        {%- for column in ['street', 'street2'] %}
        {{ words("regexp_replace(" ~ column ~ "_line, '" ~ numbers ~ "', ' ', 'g')", declared('customers', 'normalise.street_types')) }} as {{ column }}_words,
        {%- endfor %}
        split_part(split_part(email, '@', 1), '+', 1) as local_part,
        split_part(email, '@', 2) as domain,
        regexp_extract(concat_ws(' , ', family, given, full_name) || ' ,', '{{ declared('customers', 'normalise.generations') }}', 1) as suffix
    from sorted

),

judged as (

    select
        *,
        list_filter(family_words, lambda w: len(w) > 1) as long_family_words,
        coalesce(array_length(street_words) > 0, false) or not coalesce(regexp_matches(street2_line, '[0-9]'), false) as street_comes_first,
        not is_company and coalesce(given_words[1] not in ('{{ declared('customers', 'placeholders.names') | join("', '") }}'), true)
        and not coalesce(given_words[1] in ('n', 'na') and coalesce(full_name, family, 'na') in ('{{ declared('customers', 'placeholders.not_available') | join("', '") }}'), false) as has_name,
        unspaced_name is null and has_name as has_parts
    from worded

)

select
    record_id,
    system,
    is_company,
    not is_company and not has_name as is_nobody,
    coalesce(unspaced_name, case when has_name then given_words[1] end) as first_word,
    case when has_parts then coalesce(given_words[2], case when (family is null or is_whole_name) and array_length(family_words) > 1 then family_words[1] end) end as second_word,
    case when has_parts then coalesce(long_family_words[-1], family_words[-1]) end as last_word,
    case when has_parts then nullif(array_to_string(long_family_words, ' '), '') end as last_words,
    {#- 'van Mil, Jan' in the wrong fields: what follows the particle may be the family name. -#}
    case
        when has_parts and list_contains([{{ listed }}], given_words[1]) then coalesce(
            list_filter(given_words, lambda w: not list_contains([{{ listed }}], w))[1],
            case when array_length(family_words) > 1 then family_words[1] end
        )
    end as after_particle,
    case when has_parts then nullif(array_to_string(list_filter(name_words, lambda w: len(w) > 1)[:6], ' '), '') end as name_words,
    nullif(array_to_string(company_words, ''), '') as company,
    nullif(array_to_string(list_sort(list_distinct(company_words)), ' '), '') as company_words,
    legal_form,
    case when array_length(perhaps_company_words) > 1 then array_to_string(perhaps_company_words, ' ') end as perhaps_company,
    case
        when domain = '' then null
        when domain in ('gmail.com', 'googlemail.com') then replace(local_part, '.', '') || '@gmail.com'
        else local_part || '@' || domain
    end as email,
    nullif(case when domain in ('gmail.com', 'googlemail.com') then replace(local_part, '.', '') else local_part end, '') as email_user,
    case when len(phone) >= 7 then phone end as phone,
    phone_is_mobile,
    case when len(dial) >= 9 and not coalesce(phone_is_mobile, false) then dial end as dial,
    case when len(mobile) >= 7 then mobile end as mobile,
    mobile_is_mobile,
    zip,
    city,
    case
        when {{ is_unspaced('case when street_comes_first then street_line else street2_line end') }}
            then replace(regexp_extract(case when street_comes_first then street_line else street2_line end, '^[^0-9]+'), ' ', '')
        else list_sort(case when street_comes_first then street_words else street2_words end)[1]
    end as street,
    {#- 三軒茶屋3丁目20番14号 is 三軒茶屋3-20-14: a quarter, a block in it and a house. -#}
    case
        when {{ is_unspaced('street_line') }} and {{ matches('street_line', numbered) }}
            then {{ replace_all("regexp_extract(street_line, '" ~ numbered ~ "', 1)", '[^0-9]+', '-') }}
        else coalesce(nullif(regexp_extract(regexp_extract(coalesce(street_line || ' ' || street2_line, street_line, street2_line), '{{ numbers }}'), '[0-9]+'), ''), box)
    end as house,
    case when street_comes_first then nullif(array_to_string(street2_words, ''), '') end as building,
    origin,
    birth_on,
    vat,
    loyalty_code,
    case when not is_company then case suffix when 'sr' then 1 when 'st' then 1 when 'iii' then 3 when '' then null else 2 end end as generation,
    gender,
    birth_place,
    occupation,
    linked_record_id
from judged
