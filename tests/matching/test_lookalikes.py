"""Which records are candidates for each other by their texts: few, however many records and systems there are."""

from __future__ import annotations

import itertools
import json
import re

import pytest

from pipelines import matching
from tests.matching.conftest import match, variant

ENDINGS = [f"{first}{second}" for first in ("orla", "bren", "tavi", "kusk", "mell") for second in ("no", "dar", "vik")]
COLOURS = ("navy", "red", "olive", "sand", "plum", "teal")
SIZES = ("small", "medium", "large", "short", "long", "wide")
OURS, THEIRS = "Vellmar copper kettle alpine", "kettle of Vellmar heritage studio"
CANDIDATES = """
    select l.record_id, r.record_id from matched_products__lookalikes
    join matched_products__evidence as l on l.record_no = one_no
    join matched_products__evidence as r on r.record_no = other_no
"""


def crowded(shops: list[str]) -> list[dict]:
    """Two shops with one article each; each of `shops` has fifteen that resemble the one, and fifteen the other."""
    rows = [variant("abc:0", template_name=OURS), variant("xyz:0", template_name=THEIRS)]
    for shop in shops:
        rows += [variant(f"{shop}:our {word}", template_name=f"{OURS} {word}{shop}") for word in ENDINGS]
        rows += [variant(f"{shop}:their {word}", template_name=f"{THEIRS} {word}{shop}") for word in ENDINGS]
    return rows


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("few")


@pytest.fixture(scope="module")
def of_three(home):
    return match(home, crowded(["mkt"]), domain="products")


def test_of_few_systems_one_that_is_full_of_lookalikes_takes_no_candidate_from_another(of_three):
    assert ("abc:0", "xyz:0") in of_three(CANDIDATES)


def test_of_many_systems_the_nearest_of_all_are_candidates(tmp_path):
    records = crowded(["mkt", "pos", "b2b", "out"])
    found = match(tmp_path, records, domain="products")(CANDIDATES)
    assert 12 * len(records) < len(found) < 22 * len(records)


def test_the_commonest_words_find_no_candidates_once_they_bring_too_many_together(of_three, home):
    compiled = home / "dbt" / "compiled" / "assay" / "models" / "matched" / "products"
    sql = (compiled / "matched_products__lookalikes.sql").read_text()
    declared = f"<= {matching.declared('products')['likeness']['find']['budget']}"
    assert sql.count(declared) == 1
    every, some, none = (set(of_three(sql.replace(declared, limit))) for limit in (declared, "<= 100", "<= 0"))
    assert none == set() < some < every
    assert len(some) <= 3 * 100


def test_what_two_records_share_is_held_in_numbers_alone_for_it_is_tens_of_millions_of_rows(of_three, home):
    compiled = home / "dbt" / "compiled" / "assay" / "models" / "matched" / "products"
    sql = (compiled / "matched_products__lookalikes.sql").read_text()
    held = sql[: sql.index("best as (")].rstrip().removesuffix(",")
    columns = of_three(f"describe {held} select * from alike")
    assert {name: kind for name, kind, *_ in columns if kind not in ("INTEGER", "DOUBLE")} == {}


def test_nothing_is_looked_up_for_each_likeness_for_that_keeps_tens_of_millions_in_memory(of_three, home):
    compiled = home / "dbt" / "compiled" / "assay" / "models" / "matched" / "products"
    sql = (compiled / "matched_products__lookalikes.sql").read_text()
    ((_, plan),) = of_three(f"explain (format json) {sql}")
    nearest = [step for step in steps(json.loads(plan)) if "max(#3, #4)" in step["extra_info"].get("Aggregates", ())]
    assert len(nearest) == 2
    assert [step["name"] for step in steps(nearest) if step["name"].endswith("JOIN")] == []


def steps(plan: list[dict]) -> list[dict]:
    return [step for top in plan for step in (top, *steps(top["children"]))]


def wardrobe() -> list[dict]:
    """Eight products in 36 variants each, in two shops that name them in other orders."""
    rows = []
    lines = [f"{first}{second}" for first in ("vol", "kem", "zur", "pid") for second in ("bix", "hut")]
    for line, colour, size in itertools.product(lines, COLOURS, SIZES):
        name = f"{line} {colour} {size}"
        rows.append(variant(f"abc:{name}", template_name=f"{line} jacket {colour} {size}"))
        rows.append(variant(f"xyz:{name}", template_name=f"{colour} jacket {line} - {size}"))
    return rows


def test_words_too_common_to_find_candidates_tell_variants_apart_beside_those_that_do(tmp_path):
    query = match(tmp_path, wardrobe(), domain="products")
    folder = tmp_path / "dbt" / "compiled" / "assay" / "models" / "matched" / "products"
    sql, limits = re.subn(r"<= 1000\b", "<= 80", (folder / "matched_products__lookalikes.sql").read_text())
    sql, read = re.subn(r'\S+"matched_products__words"', r"(select * from \g<0> where kind = 'name')", sql)
    assert (limits, read) == (1, 2)
    evidence = "select record_no, record_id from matched_products__evidence"
    found = query(f"""
        select l.record_id from ({sql}) join ({evidence}) as l on l.record_no = one_no
        join ({evidence}) as r on r.record_no = other_no where substr(l.record_id, 4) = substr(r.record_id, 4)
    """)
    assert len(found) == 8 * len(COLOURS) * len(SIZES)
