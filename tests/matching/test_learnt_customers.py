"""What is learnt of customers as their comparisons are declared: who is one, and who only shares a home or a name."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from pipelines import learning, matching
from tests.matching.test_learning import learn


def labelled(comparison: str, label: str) -> int:
    found = next(c for c in matching.declared("customers")["compare"]["comparisons"] if c["name"] == comparison)
    return [level["name"] for level in found["levels"]].index(label)


TOLD = ("first_name", "last_name", "phone")


def pairs_expected(rows: dict[tuple[str, str], dict], latent: str, looks: dict[str, str]) -> float:
    """What share of all pairs is of a class and looks so: a label of each comparison."""
    return rows["prior", "share of all pairs"][latent] * np.prod([rows[key][latent] for key in looks.items()])


def counted(rows: list[tuple], records: int = 3_000, told: tuple[str, ...] = TOLD) -> pa.Table:
    """Labels of what is `told` (None where nothing is), then pairs: patterns of customers without anything else."""
    spec = matching.declared("customers")
    known = {"kind": 0, "link": 1, "inverse_affinity": 1.0, "excess": 1.0, "records": records}
    names = [comparison["name"] for comparison in spec["compare"]["comparisons"]]
    schema = pa.schema([(name, pa.int64()) for name in (*names, "records")])
    schema = pa.schema([*schema, *((name, pa.float64()) for name in ("pairs", "inverse_affinity", "excess"))])
    labels = [{name: labelled(name, label) for name, label in zip(told, row, strict=False) if label} for row in rows]
    return pa.Table.from_pylist(
        [known | one | {"pairs": float(row[-1])} for one, row in zip(labels, rows, strict=True)], schema=schema
    )


def test_members_of_a_family_with_one_mailbox_are_not_one_person_where_each_is_called_by_either_family_name():
    """A third of the records of one person have one name of two; a fifth of a mother and her child share a part."""
    blocked = [
        ("exact", "exact", "exact", 3150),
        ("exact", "shared part", "exact", 1450),
        ("exact", "different", "exact", 240),
        ("misspelt", "exact", "exact", 130),
        ("misspelt", "shared part", "exact", 60),
        ("exact", "exact", "different", 750),
        ("exact", "shared part", "different", 550),
        ("different", "exact", "exact", 230),
        ("different", "shared part", "exact", 125),
        ("different", "different", "exact", 280),
    ]
    sample = [("different", "different", "different", 198_000), ("exact", "different", "different", 800)]
    sample += [("different", "exact", "different", 400), ("different", "shared part", "different", 600)]
    looks = {"first_name": "different", "last_name": "shared part", "email": "exact"}
    learnt = learn(*(counted(rows, 7_000, tuple(looks)) for rows in (blocked, sample)), matching.declared("customers"))
    assert pairs_expected(learnt, "household", looks) > 2 * pairs_expected(learnt, "match", looks)


def test_three_hundred_pairs_of_families_with_one_telephone_are_not_taken_for_one_person():
    blocked = [
        ("exact", "exact", "shared", 750),
        ("exact", "exact", "shared mobile", 110),
        ("exact", "exact", None, 640),
        ("misspelt", "exact", "shared", 180),
        ("exact", "misspelt", "shared", 190),
        ("initial", "exact", "shared", 130),
        ("initial", "exact", None, 80),
        ("misspelt", "exact", None, 100),
        ("exact", "misspelt", None, 90),
        ("different", "exact", "shared", 240),
        ("different", "misspelt", "shared", 40),
        ("different", "exact", "different", 900),
        ("different", "exact", None, 830),
        ("exact", "different", "different", 66),
        ("exact", "different", None, 54),
        ("exact", "different", "shared", 10),
    ]
    sample = [
        ("different", "different", "different", 120_000),
        ("different", "different", None, 75_000),
        ("different", "exact", "different", 200),
        ("different", "exact", None, 130),
        ("exact", "different", "different", 180),
        ("exact", "different", None, 110),
    ]
    rows = learn(counted(blocked), counted(sample), matching.declared("customers"))
    shared = [rows["last_name", "exact"], rows["phone", "shared"], rows["first_name", "different"]]
    match, household = (
        rows["prior", "share of all pairs"][latent] * np.prod([row[latent] for row in shared])
        for latent in ("match", "household")
    )
    assert household > 2 * match


@pytest.mark.parametrize(
    ("blocked", "records", "of_one_day", "times"),
    [
        (
            [
                ("exact", "exact", "exact", "exact", "same home", 100),
                ("misspelt", "exact", "exact", "exact", "same home", 10),
                ("different", "exact", "exact", "exact", "same home", 800),
                ("different", "exact", "different", "exact", "same home", 30),
                ("exact", "exact", "different", "different", "different", 30),
            ],
            3_000,
            60,
            20,
        ),
        (
            [
                ("exact", "exact", "exact", "exact", "same home", 50_000),
                ("misspelt", "exact", "exact", "exact", "same home", 5_000),
                ("different", "exact", "exact", "exact", "same home", 300),
                ("different", "exact", "different", "exact", "same home", 90_000),
                ("exact", "exact", None, "exact", "same home", 50_000),
                ("different", "exact", None, "exact", "same home", 90_000),
            ],
            200_000,
            20,
            5,
        ),
    ],
    ids=["many", "a few among very many families"],
)
def test_twins_of_one_home_and_mailbox_are_not_one_child_of_many_names(blocked, records, of_one_day, times):
    told = ("first_name", "last_name", "birth_on", "email", "address")
    sample = [
        ("different", "different", "different", "different", "different", 190_000),
        ("exact", "different", "different", "different", "different", 1_500),
        ("different", "exact", "different", "different", "different", 400),
        ("different", "different", "exact", "different", "different", of_one_day),
    ]
    rows = learn(*(counted(each, records, told) for each in (blocked, sample)), matching.declared("customers"))
    twins = dict(zip(told, ("different", "exact", "exact", "exact", "same home"), strict=True))
    match, household = (pairs_expected(rows, latent, twins) for latent in ("match", "household"))
    assert household > times * match


def test_two_people_of_one_number_stay_two_where_one_lives_elsewhere_though_hardly_any_household_in_the_data_does():
    told = ("first_name", "last_name", "phone", "address")
    blocked = [
        ("exact", "exact", "shared", "same home", 6_000),
        ("exact", "exact", "shared", "different", 1_200),
        ("exact", "exact", "different", "same home", 1_000),
        ("different", "exact", "shared", "same home", 8_000),
        ("different", "exact", "different", "same home", 4_000),
    ]
    sample = [
        ("different", "different", "different", "different", 190_000),
        ("exact", "different", "different", "different", 1_500),
        ("different", "exact", "different", "different", 400),
    ]
    rows = learn(counted(blocked, told=told), counted(sample, told=told), matching.declared("customers"))
    elsewhere = dict(zip(told, ("different", "exact", "shared", "different"), strict=True))
    match, household = (pairs_expected(rows, latent, elsewhere) for latent in ("match", "household"))
    assert household > 2 * match


def test_people_of_two_numbers_are_not_taken_for_namesakes_where_nothing_but_the_number_tells_them_apart():
    """A thousand pairs have one name and two numbers; some 70 namesakes are what a sample makes expect."""
    blocked = [
        ("exact", "exact", "shared", 1_459),
        ("exact", "exact", "different", 1_064),
        ("different", "exact", "shared", 184),
        ("initial", "exact", "shared", 182),
        ("misspelt", "exact", "shared", 74),
        ("exact", "misspelt", "shared", 72),
        ("alias", "exact", "shared", 68),
    ]
    sample = [
        ("different", "different", "different", 197_000),
        ("initial", "different", "different", 1_730),
        ("exact", "different", "different", 850),
        ("different", "exact", "different", 240),
    ]
    tables = (counted(rows, records=5_300) for rows in (blocked, sample))
    rows = learn(*tables, matching.declared("customers"))
    assert rows["together", "agree by chance"]["chance"] < 2
    assert rows["phone", "different"]["match"] > 0.3
    assert rows["first_name", "different"]["match"] < 0.02


def test_people_who_change_their_mailbox_are_not_taken_for_names_that_go_together():
    """Some 240 pairs of names are expected to meet by chance among so few records, and five times as many do."""
    told = ("first_name", "last_name", "email")
    blocked = [
        ("exact", "exact", "different", 1_270),
        ("exact", "exact", "exact", 877),
        ("misspelt", "exact", "exact", 351),
        ("exact", "misspelt", "exact", 333),
        ("exact", "exact", "misspelt", 188),
        ("alias", "exact", "different", 125),
        ("misspelt", "misspelt", "exact", 97),
        ("different", "exact", None, 60),
        ("different", "different", "same user", 43),
        ("misspelt", "exact", "different", 32),
        ("exact", "misspelt", "different", 28),
        ("different", "exact", "exact", 19),
        ("alike", "exact", "exact", 17),
    ]
    sample = [
        ("different", "different", "different", 190_000),
        ("alike", "different", "different", 2_056),
        ("different", "alike", "different", 1_761),
        ("exact", "different", "different", 689),
        ("different", "exact", "different", 528),
        ("alias", "different", "different", 339),
        ("misspelt", "different", "different", 328),
        ("different", "misspelt", "different", 234),
    ]
    rows = learn(counted(blocked, 6_900, told), counted(sample, 6_900, told), matching.declared("customers"))
    assert rows["email", "different"]["match"] > 0.3


def test_couples_of_one_mailbox_are_not_one_person_of_many_names_where_nothing_but_the_mailbox_is_known():
    told = ("first_name", "last_name", "email")
    blocked = [
        ("exact", "exact", "exact", 3_560),
        ("exact", "exact", "different", 835),
        ("different", "exact", "exact", 800),
        ("misspelt", "exact", "exact", 460),
        ("exact", "misspelt", "exact", 430),
        ("initial", "exact", "exact", 260),
        ("different", "different", "exact", 190),
        ("exact", "different", "exact", 140),
        ("exact", "exact", "misspelt", 130),
        ("different", "exact", "different", 120),
        ("different", "misspelt", "exact", 100),
    ]
    sample = [
        ("different", "different", "different", 193_000),
        ("exact", "different", "different", 1_060),
        ("different", "exact", "different", 720),
        ("initial", "different", "different", 740),
    ]
    tables = (counted(rows, 8_000, told) for rows in (blocked, sample))
    rows = learn(*tables, matching.declared("customers"))
    couple = dict(zip(told, ("different", "exact", "exact"), strict=True))
    match, household = (pairs_expected(rows, latent, couple) for latent in ("match", "household"))
    assert household > match


def test_companies_of_one_house_and_switchboard_are_not_one_company_of_many_names():
    told = ("phone", "address", "trade_name", "kind")
    blocked = [
        (None, "same city", "different", 2_530),
        (None, "same zip", "different", 2_530),
        (None, "same home", "exact", 1_450),
        ("different", "same zip", "different", 1_330),
        ("different", "same city", "different", 1_220),
        (None, "same home", "different", 1_130),
        ("shared", "same home", "exact", 800),
        (None, None, "exact", 680),
        (None, "different", "exact", 450),
        ("different", "same home", "different", 370),
        ("shared", None, "exact", 340),
        ("different", "different", "exact", 320),
        (None, "different", "different", 300),
        ("shared", "same home", "different", 290),
        (None, "same home", "misspelt", 240),
        (None, None, "different", 220),
        ("shared", "different", "different", 200),
        ("shared", None, "different", 180),
    ]
    sample = [
        (None, "different", "different", 90_600),
        ("different", "different", "different", 49_300),
        (None, None, "different", 32_200),
        ("different", None, "different", 20_600),
        (None, "same city", "different", 1_000),
        ("different", "same city", "different", 600),
        (None, "same zip", "different", 43),
        ("different", "same zip", "different", 23),
    ]
    blocked, sample = ([(*row[:-1], "two companies", row[-1]) for row in rows] for rows in (blocked, sample))
    rows = learn(*(counted(each, 4_800, told) for each in (blocked, sample)), matching.declared("customers"))
    sisters = dict(zip(told, ("shared", "same home", "different", "two companies"), strict=True))
    match, household = (pairs_expected(rows, latent, sisters) for latent in ("match", "household"))
    assert household > 1.5 * match


def test_double_given_names_are_learnt_to_agree_by_chance():
    """Two of many a Karl Heinz who share no family name are not one who has changed his."""
    told = ("first_name", "last_name", "other_names", "phone")
    blocked = [
        ("exact", "different", "all shared", "different", 2_730),
        ("exact", "exact", None, "shared mobile", 2_320),
        ("exact", "exact", None, "different", 610),
        ("different", "different", "all shared", "different", 490),
        ("different", "exact", None, "shared", 300),
        ("exact", "misspelt", None, "shared mobile", 290),
        ("exact", "exact", "all shared", "shared mobile", 290),
        ("misspelt", "exact", None, "shared mobile", 260),
        ("different", "exact", None, "shared mobile", 250),
        ("different", "different", None, "shared mobile", 220),
    ]
    sample = [
        ("different", "different", None, "different", 134_000),
        ("different", "different", "different", "different", 2_200),
        ("different", "exact", None, "different", 800),
        ("exact", "different", None, "different", 290),
        ("exact", "different", "all shared", "different", 12),
        ("different", "different", "all shared", "different", 2),
    ]
    tables, spec = [counted(rows, 7_800, told) for rows in (blocked, sample)], matching.declared("customers")
    rows = learn(*tables, spec)
    assert rows["last_name", "different"]["match"] < 0.1
    assert rows["phone", "different"]["match"] < 0.2
    given_and_further = spec["learn"]["together"].index(["first_name", "other_names"])
    together = [row for row in learning.learn(*tables, spec).to_pylist() if row["comparison"] == "together"]
    assert together[given_and_further]["chance"] > 5


def test_people_of_one_birth_place_and_a_common_name_are_not_one_person_of_many_family_names_and_ages():
    told = ("first_name", "last_name", "birth_year", "birth_place", "gender")
    blocked = [
        ("exact", "different", "different", "exact", "same", 27_900),
        ("exact", "different", "same", "different", "same", 9_700),
        ("different", "different", "same", "different", "same", 6_200),
        ("different", "exact", "different", "exact", "different", 5_700),
        ("different", "exact", "different", "exact", "same", 5_400),
        ("exact", "exact", "different", "different", "same", 3_100),
        ("exact", "different", "next", "exact", "same", 970),
        ("exact", "exact", "same", "exact", "same", 700),
        ("exact", "exact", "next", "exact", "same", 650),
        ("exact", "different", "same", "exact", "same", 560),
    ]
    sample = [
        ("different", "different", "different", "different", "different", 88_000),
        ("different", "different", "different", "different", "same", 84_000),
        ("different", "different", "different", "exact", "different", 4_300),
        ("different", "different", "different", "exact", "same", 4_100),
        ("exact", "different", "different", "different", "same", 3_100),
        ("different", "different", "same", "different", "same", 2_900),
        ("different", "exact", "different", "different", "different", 940),
    ]
    tables = (counted(rows, 8_500, told) for rows in (blocked, sample))
    rows = learn(*tables, matching.declared("customers"))
    strangers = dict(zip(told, ("exact", "different", "different", "exact", "same"), strict=True))
    match, chance = (pairs_expected(rows, latent, strangers) for latent in ("match", "chance"))
    assert chance > match


def test_members_of_a_home_bear_names_that_are_short_for_one_another_as_often_as_strangers_do():
    told = ("first_name", "last_name", "address")
    blocked = [
        ("exact", "exact", "same home", 600),
        ("misspelt", "exact", "same home", 60),
        ("alias", "exact", "same home", 30),
        ("different", "exact", "same home", 800),
    ]
    sample = [("different", "different", "different", 195_600), ("alias", "different", "different", 3_800)]
    sample += [("exact", "different", "different", 600)]
    learnt = learn(*(counted(rows, 2_000, told) for rows in (blocked, sample)), matching.declared("customers"))
    alias = learnt["first_name", "alias"]
    assert alias["household"] >= alias["chance"] > 0.015
