"""What libphonenumber knows of numbering plans, in the two forms that the SQL reads.

`python -m tests.matching.phone_plans` writes them anew after an upgrade of the library: the seed calling_codes and the
pattern in macros/normalise/validity.sql. The build itself asks no library, which parses some 20,000 numbers a second.
"""

from __future__ import annotations

import csv
import io
import re
from collections import defaultdict

import phonenumbers
from phonenumbers import PhoneMetadata

from pipelines.resources import PROJECT

SEED = PROJECT / "dbt_project" / "seeds" / "calling_codes.csv"
MACRO = PROJECT / "dbt_project" / "macros" / "normalise" / "validity.sql"
COLUMNS = ("country_code", "calling_code", "trunk_prefix", "shortest_number", "longest_number")
PEOPLE = ("fixed_line", "mobile")
ANYBODY = (*PEOPLE, "voip", "personal_number", "toll_free", "shared_cost", "uan")


def seed() -> str:
    """The seed calling_codes: one row per country, lengths of what people are called on, without prefix."""
    written = io.StringIO()
    rows = csv.writer(written, lineterminator="\n")
    rows.writerow(COLUMNS)
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        plan = PhoneMetadata.metadata_for_region(region)
        lengths = _lengths(plan, PEOPLE)
        rows.writerow([region, plan.country_code, plan.national_prefix or "", min(lengths), max(lengths)])
    return written.getvalue()


def pattern() -> str:
    """A regular expression of all international numbers of a possible length."""
    lengths = defaultdict(set)
    for region in phonenumbers.SUPPORTED_REGIONS:
        plan = PhoneMetadata.metadata_for_region(region)
        lengths[str(plan.country_code)] |= _lengths(plan, ANYBODY)
    alike = defaultdict(list)
    for code, held in sorted(lengths.items()):
        alike[min(held), max(held)].append(code)
    parts = [f"({'|'.join(codes)})[0-9]{{{low},{high}}}" for (low, high), codes in sorted(alike.items())]
    return rf"^\+({'|'.join(parts)})$"


def macro(text: str) -> str:
    """The text of the macro file with the pattern of today."""
    return re.sub(r"'\^\\\+.*\$'", lambda _: f"'{pattern()}'", text)


def _lengths(plan: PhoneMetadata, kinds: tuple[str, ...]) -> set[int]:
    described = [getattr(plan, kind) for kind in kinds]
    return {length for one in described if one for length in one.possible_length if length > 0}


if __name__ == "__main__":
    SEED.write_text(seed())
    MACRO.write_text(macro(MACRO.read_text()))
