"""Customer rows by the million for `benchmarks.match`: households, namesakes, misspellings, shared and missing values.

Made by DuckDB from hashes of row numbers, so that the same number of rows and seed give the same rows anywhere.
"""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow as pa

from sources.estate.vocabulary import words

SYSTEMS = ("odoo", "pos", "shopify", "stripe", "voucherify")
LANGUAGES = ("cs", "de", "pl")
DRAW = "create macro draw(key, salt, n) as cast(hash(key, salt, {seed}) % cast(n as ubigint) as bigint)"


def generate(path: Path, rows: int, seed: int = 43) -> None:
    """Write about `rows` rows in the shape of conformed_customers, with entity_id, to one Parquet file.

    Two fifths as many people as rows, 2.3 of them to a household; two people in five have one row, the most have 14.
    """
    with duckdb.connect() as db:
        db.execute(DRAW.format(seed=seed))
        db.execute(
            "create macro often(key, salt, n) as cast(floor(n * pow(draw(key, salt, 1000000) / 1e6, 2)) as bigint)"
        )
        for name, values in (("given", _given()), ("family", _family()), ("towns", _towns())):
            db.register(f"{name}_words", pa.table({"word": values}))
            db.execute(f"create table {name} as select row_number() over () - 1 as n, word from {name}_words")
        db.execute(PEOPLE, {"people": int(rows * 0.4), **{name: len(v) for name, v in _sizes().items()}})
        db.execute(ROWS.format(systems=list(SYSTEMS)))
        db.execute(
            "copy (select *, first_name || ' ' || last_name as full_name from customers "
            f"order by entity_id, record_id limit {rows}) to '{path}' (format parquet)"
        )


def _sizes() -> dict[str, list[str]]:
    return {"given": _given(), "family": _family(), "towns": _towns()}


def _given() -> list[str]:
    listed = words("given_names")
    return [name for language in LANGUAGES for sex in ("f", "m") for name in listed[language][sex].split()]


def _family() -> list[str]:
    """Some thousand family names: invented stems with the endings of three languages."""
    syllables = [a + b for a in "BDHKLMNPRSTVZ" for b in ("a", "e", "i", "o", "u", "ou", "ei")]
    middles = ("b", "ch", "d", "k", "l", "m", "n", "r", "s", "t", "v", "z", "rt", "nd", "sk")
    return [s + m + e for e in ("ek", "er", "ova", "ski", "ar", "ak", "in", "a") for m in middles for s in syllables]


def _towns() -> list[str]:
    return [f"Town {n}" for n in range(400)]


PEOPLE = """
create table people as
with placed as (
    select
        range as person,
        cast(floor(range / 2.3) as bigint) as household,
        draw(range, 'moved', 100) < 22 as is_moved
    from range($people)
),

housed as (
    select
        *,
        case when is_moved then person * 31 else household end as home,
        case when draw(person, 'own surname', 100) < 12 then person else household end as family_of
    from placed
)

select
    person,
    household,
    first.word as first_name,
    last.word as last_name,
    lower(first.word) || '.' || lower(last.word) || draw(person, 'number', 9000) || '@' ||
        ['posta', 'mail', 'web', 'inbox'][1 + draw(person, 'provider', 4)] || '.example' as email,
    '+4206' || lpad(cast(draw(
        case when draw(person, 'shared mobile', 100) < 8 then household else person end, 'mobile', 100000000
    ) as varchar), 8, '0') as mobile,
    '+4202' || lpad(cast(draw(home, 'landline', 100000000) as varchar), 8, '0') as phone,
    date '1940-01-01' + cast(draw(person, 'birth', 24000) as integer) as birth_on,
    'Street' || chr(cast(97 + draw(home, 'letter', 26) as integer)) || draw(home, 'street', 900)
        || ' ' || (1 + draw(home, 'house', 120)) as street,
    town.word as city,
    lpad(cast(10000 + draw(home, 'town', $towns) * 173 as varchar), 5, '0') as zip,
    'L' || lpad(cast(draw(person, 'card', 1000000000) as varchar), 9, '0') as loyalty_code,
    1 + case
        when draw(person, 'rows', 100) < 40 then 0
        else least(13, cast(floor(-2.5 * ln((1 + draw(person, 'more', 999999)) / 1e6)) as integer) + 1)
    end as copies
from housed
inner join given as first on first.n = often(person, 'first', $given)
inner join family as last on last.n = often(family_of, 'last', $family)
inner join towns as town on town.n = draw(home, 'town', $towns)
"""

ROWS = """
create table customers as
with copied as (
    select *, unnest(range(copies)) as copy from people
),

keyed as (
    select *, person || '-' || copy as key, {systems}[1 + draw(person || '-' || copy, 'system', 5)] as system
    from copied
)

select
    system || ':' || key as record_id,
    system,
    'person' as kind,
    case draw(key, 'first as', 25)
        when 0 then left(first_name, 1)
        when 1 then substr(first_name, 1, 2) || substr(first_name, 4)
        when 2 then last_name
        when 3 then upper(first_name)
        else first_name
    end as first_name,
    case draw(key, 'first as', 25)
        when 2 then first_name
        else case draw(key, 'last as', 25)
            when 0 then left(last_name, 2) || substr(last_name, 4)
            when 1 then last_name[1] || last_name[3] || last_name[2] || substr(last_name, 4)
            when 2 then upper(last_name)
            else last_name
        end
    end as last_name,
    cast(null as varchar) as company_name,
    case
        when draw(key, 'email', 100) < 30 then null
        when draw(key, 'email', 100) < 33 then 'noemail@posta.example'
        when draw(key, 'email', 100) < 39 then lower(last_name) || household || '@home.example'
        when draw(key, 'email', 100) < 42 then replace(email, 'a', 'e')
        else email
    end as email,
    case when draw(key, 'phone', 100) < 60 then null else phone end as phone,
    case when draw(key, 'mobile', 100) < 45 then null else mobile end as mobile,
    case when draw(key, 'address', 100) < 35 then null else street end as street,
    cast(null as varchar) as street2,
    case when draw(key, 'address', 100) < 35 then null else city end as city,
    case when draw(key, 'address', 100) < 25 then null else zip end as zip,
    'CZ' as country_code,
    cast(null as varchar) as vat,
    case when system in ('pos', 'voucherify') and draw(key, 'card', 100) < 50 then loyalty_code end as loyalty_code,
    'cs' as language,
    cast(null as varchar) as linked_record_id,
    case
        when draw(key, 'birth', 100) < 60 then null
        when draw(key, 'birth', 100) < 61 then date '1900-01-01'
        else birth_on
    end as birth_on,
    false as is_deleted,
    cast([] as varchar[]) as echoes,
    person as entity_id
from keyed
"""
