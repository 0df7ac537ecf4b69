"""A value that far too many records share: no pairs by it, no merge by it, and a line that says so."""

from __future__ import annotations

import os
from itertools import product
from pathlib import Path

import duckdb
import pytest

from pipelines import evaluate, quality
from pipelines.crowds import Crowd, crowds, worth_telling
from pipelines.explain import shared_blocks
from pipelines.resources import Settings
from tests.matching.conftest import clusters, match, person, variant

SHARED = int(os.environ.get("ASSAY_SHARED_RECORDS", "3001"))
FIRST = ("Jan", "Petr", "Eva", "Hana", "Igor", "Lenka", "Milan", "Olga")
LAST = ("Novák", "Svoboda", "Dvořák", "Černý", "Procházka", "Kučera", "Veselý", "Horák", "Němec", "Marek", "Pokorný")


def told(home: Path, domain: str = "customers") -> list[Crowd]:
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as db:
        return worth_telling(domain, crowds(db, domain))


@pytest.mark.parametrize(
    ("attribute", "value"), [("email", "orders@posta.example"), ("phone", "+420601234567"), ("loyalty_code", "L0001")]
)
def test_a_mailbox_number_or_card_under_very_many_surnames_joins_nobody_of_one_name(tmp_path, attribute, value):
    """Names come again and again among so many, so that surnames are few by the record."""
    some = [
        person(f"pos:{n:06}", first_name=FIRST[n % 8], last_name=LAST[n % 11], zip=f"{n:05}", **{attribute: value})
        for n in range(SHARED)
    ]
    query = match(tmp_path, some)
    assert query("select count(*) from (from matched_customers__clusters select distinct cluster_id)") == [(SHARED,)]
    assert query("select count(*) from matched_customers__comparisons")[0][0] < 60 * SHARED
    (crowd,) = [each for each in told(tmp_path) if each.rule == attribute]
    assert (crowd.records, crowd.values) == (SHARED, 1)
    assert value.endswith(crowd.value)


def test_the_number_and_home_of_the_shop_join_no_records_that_name_nobody(tmp_path, crowd):
    shop = {"street": "Hlavní 1", "city": "Olomouc", "zip": "779 00", "phone": "+420585777999"}
    tills = [
        person(
            f"shop:t{n}",
            first_name=("Test", "Guest")[n % 2],
            last_name="Customer",
            email=f"till{n}@posta.example",
            **shop,
        )
        for n in range(8)
    ]
    cluster_of = clusters(match(tmp_path, tills + crowd))
    assert len({cluster_of[f"shop:t{n}"] for n in range(8)}) == 8


def test_many_records_under_one_name_and_mailbox_are_compared_by_what_else_they_have(tmp_path):
    guest = [
        person(f"shop:{n}", first_name="Zdislava", last_name="Obermajer", email="zo@posta.example", birth_on=None)
        for n in range(200)
    ]
    query = match(tmp_path, guest)
    assert query("select count(*) from matched_customers__placeholders where reason <> 'declared'") == [(0,)]
    assert ("email", "zo@posta.example", 200) in [crowd[:3] for crowd in told(tmp_path)]


def test_one_name_of_very_many_records_compares_nobody_and_is_told(tmp_path):
    one_name = [
        person(f"pos:{n:04}", first_name="Jan", last_name="Novák", zip="11000", email=f"jn{n * 7919}@posta.example")
        for n in range(SHARED)
    ]
    query = match(tmp_path, one_name)
    assert query("select count(*) from matched_customers__comparisons") == [(0,)]
    shown = {crowd.rule: (crowd.records, crowd.value) for crowd in told(tmp_path)}
    assert shown["whole name"] == (SHARED, "janet|novak")
    assert shown["name and zip"] == (SHARED, "janet|11000")


def test_an_explanation_says_which_blocks_are_too_large_and_that_no_rule_for_few_records_holds_beside_them(tmp_path):
    names = [("Jan", "Novák"), ("Josef", "Nový"), *product(FIRST, LAST)]
    tower = [
        person(f"pos:{n:03}", first_name=first, last_name=last, street="Věžní 1", zip="11000", city="Praha")
        for n, (first, last) in enumerate(names)
    ]
    match(tmp_path, tower)
    with duckdb.connect(str(tmp_path / "warehouse.duckdb"), read_only=True) as db:
        db.execute("set schema = 'matched'")
        said = dict(block.partition(" (")[::2] for block in shared_blocks(db, "customers", "pos:000", "pos:001"))
    assert said["home"] == "too large to compare: more than 10 records share it)"
    assert said["initial"] == "of few records, but not of those who share what is too large)"


def test_one_article_number_on_very_many_articles_compares_nobody_and_is_told(tmp_path):
    some = [
        variant(f"pos:{n:06}", template_key=f"{n}", template_name=f"{LAST[n % 11]} {n}", gtin14="08590000000015")
        for n in range(SHARED)
    ]
    query = match(tmp_path, some, domain="products")
    assert query("select count(*) from (from matched_products__clusters select distinct cluster_id)") == [(SHARED,)]
    assert told(tmp_path, "products")[0][:3] == ("gtin", "08590000000015", SHARED)


def test_a_line_shows_a_value_in_part_or_only_who_has_it():
    crowd = Crowd("email", "shared@posta.example", 100_000, 3, "shop:7")
    assert "email: 100,000 records share 'shared@posta.example'" in crowd.line()
    assert "2 other values" in crowd.line()
    assert "posta" not in crowd.line(openly=False)
    assert "shop:7 among them" in crowd.line(openly=False)


def test_the_gate_and_the_expectation_of_a_build_tell_it_without_the_value(tmp_path):
    some = [
        person(f"pos:{n:04}", first_name=FIRST[n % 8], last_name=LAST[n % 11], email="orders@posta.example")
        for n in range(100)
    ]
    query = match(tmp_path, some)
    query("select 1")
    settings = Settings(tmp_path, "test", f"sqlite:///{tmp_path / 'ledger.db'}")
    quality.record(settings)
    line = "email: 100 records share one value, pos:0000 among them"
    assert any(line in each for each in quality.expectations(settings))
    closed, notes = quality.objections(settings, "customers")
    assert any(line in note for note in notes)
    assert not any(line in reason for reason in closed)
    assert "orders@posta" not in (settings.exports / "quality.json").read_text()


def test_an_evaluation_tells_it_to_people_and_programs():
    quality_of_it = evaluate.Quality(3, 3, 3, 1.0, 1.0, 1.0, 1.0, 0, 1, 1)
    crowd = Crowd("email", "shared@posta.example", 100_000, 1, "file1:7")
    done = evaluate.Evaluation("shop", "customers", 100_000, quality_of_it, 1.0, [], crowds=[crowd])
    assert f"  {crowd.line()}" in list(done.lines())
    assert done.as_dict()["shared_by_too_many"] == [crowd._asdict()]
