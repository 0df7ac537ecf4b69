"""Which records are candidates for each other by their texts: few, however many records and systems there are."""

from __future__ import annotations

import pytest

from pipelines import matching
from tests.matching.conftest import match, variant

ENDINGS = [f"{first}{second}" for first in ("orla", "bren", "tavi", "kusk", "mell") for second in ("no", "dar", "vik")]
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
