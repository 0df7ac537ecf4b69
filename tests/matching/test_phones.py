"""Telephone numbers: what SQL makes of them, held against libphonenumber on a sample of every country's numbers."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator

import duckdb
import jinja2
import phonenumbers
import pyarrow as pa
import pytest
from phonenumbers import PhoneMetadata, PhoneNumberFormat, PhoneNumberType

from pipelines.matching import declared
from tests.matching import phone_plans

OURS = ("AT", "CZ", "DE", "ES", "FR", "GB", "GR", "HU", "IT", "NL", "PL", "SK", "UA")
"""Countries whose mobile numbers customers.yml tells from landlines."""


def rendered(expression: str) -> str:
    """A SQL expression that calls the project's macros, as DuckDB gets it."""
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined)
    patterns = {
        "replace_all": lambda value, pattern, by: f"regexp_replace({value}, '{pattern}', '{by}', 'g')",
        "matches": lambda value, pattern: f"regexp_matches({value}, '{pattern}')",
    }
    environment.globals |= patterns
    macros = [(phone_plans.MACRO.parent / f"{name}.sql").read_text() for name in ("phone_number", "validity")]
    return environment.from_string("\n".join([*macros, "{{ " + expression + " }}"])).render()


def numbers(each: int) -> Iterator[phonenumbers.PhoneNumber]:
    """Valid numbers of every country, the same each time."""
    rng = random.Random(11)
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        plan = PhoneMetadata.metadata_for_region(region)
        for kind in (PhoneNumberType.FIXED_LINE, PhoneNumberType.MOBILE):
            example = phonenumbers.example_number_for_type(region, kind)
            for _ in range(each if example else 0):
                national = phonenumbers.national_significant_number(example)
                kept = rng.randint(1, 4)
                national = national[:kept] + "".join(rng.choice("0123456789") for _ in national[kept:])
                try:
                    drawn = phonenumbers.parse(f"+{plan.country_code}{national}")
                except phonenumbers.NumberParseException:
                    continue
                if phonenumbers.is_valid_number_for_region(drawn, region):
                    yield region, drawn


def written(region: str, number: phonenumbers.PhoneNumber) -> dict[str, str]:
    """How people write a number, by manner; without any prefix only where that is usual."""
    code, national = f"{number.country_code}", phonenumbers.national_significant_number(number)
    forms = {
        "plus": f"+{code}{national}",
        "international": phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL),
        "national": phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL),
        "zeros": f"00{code} {national[:3]}-{national[3:]}",
        "dotted": f"+{code}.{national[:3]}.{national[3:]}",
        "extension": f"+{code} {national}x5645",
        "extension in words": f"+{code} {national} ext. 5645",
    }
    if PhoneMetadata.metadata_for_region(region).national_prefix == "0":
        forms |= {"zero in brackets": f"+{code} (0) {national}", "zero kept": f"+{code} 0{national}"}
    return forms


@pytest.fixture(scope="module")
def sample() -> list[tuple]:
    """(country, manner, as written, what libphonenumber makes of it, whether it is a mobile number)."""
    drawn = []
    for region, number in numbers(each=20):
        e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
        mobile = phonenumbers.number_type(number) == PhoneNumberType.MOBILE
        drawn += [(region, manner, text, e164, mobile) for manner, text in written(region, number).items()]
    return drawn


@pytest.fixture
def db(sample) -> duckdb.DuckDBPyConnection:
    with duckdb.connect() as db:
        names = ("country_code", "manner", "phone", "e164", "mobile")
        drawn = pa.table(dict(zip(names, map(list, zip(*sample, strict=True)), strict=True)))
        db.register("drawn", drawn)
        db.execute("create table sample as from drawn")
        types = "{'calling_code': 'varchar', 'trunk_prefix': 'varchar'}"
        db.execute(f"create table plans as from read_csv('{phone_plans.SEED}', types = {types}, nullstr = '-')")
        yield db


def test_the_seed_and_the_pattern_are_what_the_library_says_today():
    assert phone_plans.SEED.read_text() == phone_plans.seed()
    text = phone_plans.MACRO.read_text()
    assert phone_plans.macro(text) == text


def test_sql_writes_numbers_as_libphonenumber_does(db, sample):
    got = db.execute(f"""
        select country_code, manner, {rendered("phone_number('phone', 'plans')")} = e164
        from sample join plans using (country_code)
    """).fetchall()
    assert len(got) == len(sample) > 20_000
    right, all_of, wrong = Counter(), Counter(), Counter()
    for country, manner, same in got:
        all_of[manner] += 1
        right[manner] += bool(same)
        wrong[country, manner] += not same
    shares = {manner: right[manner] / n for manner, n in all_of.items()}
    assert min(shares.values()) > 0.97, (shares, wrong.most_common(20))
    assert sum(right.values()) / len(got) > 0.99, (shares, wrong.most_common(20))
    assert not [(key, n) for key, n in wrong.items() if n and key[0] in OURS]


def test_a_valid_number_is_possible_and_one_too_short_or_long_is_not(db):
    possible = rendered("is_phone('e164')")
    assert db.execute(f"select count(*) from sample where not {possible}").fetchone() == (0,)
    czech = {
        "+420601234567": True,
        "+42060123456": False,
        "+4206012345678": False,
        "601234567": False,
        "+999123456789": False,
    }
    told = {
        number: db.execute(f"select {possible} from (select ? as e164)", [number]).fetchone()[0] for number in czech
    }
    assert told == czech


def test_mobile_numbers_are_told_from_landlines_as_the_library_does(db):
    pattern = declared("customers")["normalise"]["mobile_numbers"]
    wrong = db.execute(f"""
        select country_code, mobile, count(*) filter (regexp_matches(e164, '{pattern}') <> mobile) / count(*) as share
        from sample where manner = 'plus' and country_code in {OURS}
        group by all having share > 0.2 order by all
    """).fetchall()
    assert wrong == [], wrong
