"""Learning without labels: weights come out of counts of patterns, the same on every run."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from pipelines import learning, matching

TRUE = {
    "match": {"name": 0.9, "mail": 0.8, "home": 0.7, "phone": 0.75, "born": 0.95},
    "household": {"name": 0.03, "mail": 0.3, "home": 0.95, "phone": 0.4, "born": 0.01},
    "chance": {"name": 0.01, "mail": 0.00001, "home": 0.0005, "phone": 0.00002, "born": 0.0001},
}
NAMES = list(TRUE["match"])
RARE = ("mail", "phone")
RECORDS = 20_000
ALL_PAIRS = RECORDS * (RECORDS - 1) / 2


START = {
    "name": (0.03, 0.02),
    "mail": (0.2, 0.00003),
    "home": (0.8, 0.001),
    "phone": (0.3, 0.00003),
    "born": (0.03, 0.0005),
}


def comparison(name: str) -> dict:
    """Two levels; the starting values are of the right order, not right."""
    household, chance = START[name]
    start = {"m": 0.6, "h": household, "u": chance}
    agree = {"name": "agree", **start, "census": name in RARE}
    differ = {"name": "differ", **{key: 1 - value for key, value in start.items()}}
    return {"name": name, "fixed": ["household"] if name == "name" else [], "levels": [agree, differ]}


SPEC = {
    "compare": {"comparisons": [comparison(name) for name in NAMES]},
    "learn": {"prior_pairs": 20, "household_pairs": 20, "rounds": 150, "together": []},
}


def test_a_level_that_no_pair_can_hold_takes_nothing_from_the_next():
    """Without streets nobody is at home at one place: what was expected of one home is so of one zip."""
    levels = [{"name": "home", "m": 0.7, "h": 0.7, "u": 0.001}, {"name": "zip", "m": 0.1, "h": 0.1, "u": 0.01}]
    levels.append({"name": "different", "m": 0.2, "h": 0.2, "u": 0.989})
    place = {"name": "place", "levels": levels}
    spec = {"compare": {"comparisons": [comparison("name"), place]}, "learn": SPEC["learn"]}
    seen = [(0, 1, 30.0), (1, 1, 400.0), (0, 2, 5.0), (1, 2, 5000.0)]
    pairs = [dict(zip(("name", "place", "pairs"), row, strict=True)) for row in seen]
    table = pa.Table.from_pylist([{**row, "inverse_affinity": 1.0, "records": RECORDS} for row in pairs])
    learnt = learn(table, table, spec)
    assert learnt["place", "zip"]["match"] > 0.7
    assert learnt["place", "home"]["match"] < 0.01


def test_a_name_that_many_bear_agrees_by_chance_and_teaches_nothing_of_moving():
    """Branches of a chain are no companies that have moved."""
    spec = {"compare": {"comparisons": [comparison("name"), comparison("home")]}}
    spec["learn"] = SPEC["learn"] | {"share_records": 500}
    names = ("name", "home", "pairs", "name_share", "inverse_affinity", "records")
    blocked = [(0, 0, 500.0, np.log(0.001), 1.0, 1000), (0, 1, 2000.0, np.log(0.05), 1.0, 1000)]
    sample = [(0, 1, 2.0, np.log(0.05), 1.0, 1000), (1, 1, 9998.0, None, 1.0, 1000)]
    both = [pa.Table.from_pylist([dict(zip(names, row, strict=True)) for row in rows]) for rows in (blocked, sample)]
    by_value, by_level = (learn(*tables, spec) for tables in (both, [t.drop_columns("name_share") for t in both]))
    assert by_value["home", "differ"]["match"] < 0.2 < by_level["home", "differ"]["match"]


def expected_counts(sizes: dict[str, float], records: int = RECORDS) -> pa.Table:
    """Each pattern with the count that the true probabilities give for so many pairs of each class."""
    rows = []
    for pattern in np.ndindex(*[2] * len(NAMES)):
        levels = dict(zip(NAMES, pattern, strict=True))
        pairs = sum(
            size * np.prod([TRUE[latent][n] if level == 0 else 1 - TRUE[latent][n] for n, level in levels.items()])
            for latent, size in sizes.items()
        )
        rows.append({**levels, "pairs": float(pairs), "inverse_affinity": 1.0, "records": records})
    return pa.Table.from_pylist(rows)


def learn(blocked: pa.Table, sample: pa.Table, spec: dict = SPEC) -> dict[tuple[str, str], dict]:
    return {(row["comparison"], row["label"]): row for row in learning.learn(blocked, sample, spec).to_pylist()}


def blocked_pairs() -> pa.Table:
    """Of all pairs those that share a mailbox, a telephone or a home."""
    everything = expected_counts({"match": 20_000, "household": 8_000, "chance": ALL_PAIRS - 28_000}).to_pylist()
    return pa.Table.from_pylist([row for row in everything if 0 in (row["mail"], row["phone"], row["home"])])


@pytest.fixture(scope="module")
def learnt() -> dict[tuple[str, str], dict]:
    return learn(blocked_pairs(), expected_counts({"chance": 300_000}))


def test_the_probabilities_of_one_party_are_recovered(learnt):
    found = {name: learnt[name, "agree"]["match"] for name in NAMES}
    assert found == pytest.approx(TRUE["match"], abs=0.03)


def test_the_probabilities_of_a_household_are_recovered(learnt):
    found = {name: learnt[name, "agree"]["household"] for name in NAMES}
    assert found == pytest.approx(TRUE["household"], abs=0.06)


def test_agreements_too_rare_for_a_sample_are_counted_among_the_blocked_pairs(learnt):
    found = {name: learnt[name, "agree"]["chance"] for name in RARE}
    assert found == pytest.approx({name: TRUE["chance"][name] for name in RARE}, rel=0.2)


def test_the_share_of_pairs_that_are_one_party_is_recovered(learnt):
    assert learnt["prior", "share of all pairs"]["match"] * ALL_PAIRS == pytest.approx(20_000, rel=0.05)


def test_what_is_declared_as_fixed_is_not_learnt(learnt):
    assert learnt["name", "agree"]["household"] == pytest.approx(0.03)


def test_the_probabilities_of_a_comparison_sum_to_one_in_every_class(learnt):
    for latent in learning.LATENT:
        for name in NAMES:
            assert learnt[name, "agree"][latent] + learnt[name, "differ"][latent] == pytest.approx(1, abs=1e-5)


def test_learning_twice_gives_the_same_weights_and_version():
    blocked = expected_counts({"match": 500, "household": 200, "chance": 900}, records=900)
    sample = expected_counts({"chance": 5_000}, records=900)
    assert learning.learn(blocked, sample, SPEC).equals(learning.learn(blocked, sample, SPEC))


def test_without_any_pairs_the_declared_starting_values_stand():
    empty = expected_counts({"chance": 1}).slice(0, 0)
    rows = learn(empty, empty)
    assert rows["mail", "agree"]["match"] == pytest.approx(0.6)
    assert np.isfinite([row[latent] for row in rows.values() for latent in learning.LATENT]).all()


def test_values_that_go_together_by_chance_lose_weight():
    spec = {**SPEC, "learn": {**SPEC["learn"], "together": [["name", "home"]]}}
    blocked = blocked_pairs().to_pylist()
    for row in blocked:
        if [row[name] for name in NAMES] == [0, 1, 0, 1, 1]:
            row["pairs"] *= 4
    excess = learn(pa.Table.from_pylist(blocked), expected_counts({"chance": 300_000}), spec)[
        "together", "agree by chance"
    ]
    assert 2 < excess["chance"] < 5


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
    known = {"kind": 0, "link": 1, "inverse_affinity": 1.0, "records": records}
    names = [comparison["name"] for comparison in spec["compare"]["comparisons"]]
    schema = pa.schema([(name, pa.int64()) for name in (*names, "records")])
    schema = schema.append(pa.field("pairs", pa.float64())).append(pa.field("inverse_affinity", pa.float64()))
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


def test_many_twins_of_one_home_and_mailbox_are_not_one_child_of_many_names():
    told = ("first_name", "last_name", "birth_on", "email", "address")
    blocked = [
        ("exact", "exact", "exact", "exact", "same home", 100),
        ("misspelt", "exact", "exact", "exact", "same home", 10),
        ("different", "exact", "exact", "exact", "same home", 800),
        ("different", "exact", "different", "exact", "same home", 30),
        ("exact", "exact", "different", "different", "different", 30),
    ]
    sample = [
        ("different", "different", "different", "different", "different", 190_000),
        ("exact", "different", "different", "different", "different", 1_500),
        ("different", "exact", "different", "different", "different", 400),
        ("different", "different", "exact", "different", "different", 60),
    ]
    rows = learn(counted(blocked, told=told), counted(sample, told=told), matching.declared("customers"))
    twins = dict(zip(told, ("different", "exact", "exact", "exact", "same home"), strict=True))
    match, household = (pairs_expected(rows, latent, twins) for latent in ("match", "household"))
    assert household > 20 * match


def test_a_few_twins_among_very_many_families_are_not_one_child_of_two_names():
    told = ("first_name", "last_name", "birth_on", "email", "address")
    blocked = [
        ("exact", "exact", "exact", "exact", "same home", 50_000),
        ("misspelt", "exact", "exact", "exact", "same home", 5_000),
        ("different", "exact", "exact", "exact", "same home", 300),
        ("different", "exact", "different", "exact", "same home", 90_000),
        ("exact", "exact", None, "exact", "same home", 50_000),
        ("different", "exact", None, "exact", "same home", 90_000),
    ]
    sample = [
        ("different", "different", "different", "different", "different", 190_000),
        ("exact", "different", "different", "different", "different", 1_500),
        ("different", "exact", "different", "different", "different", 400),
        ("different", "different", "exact", "different", "different", 20),
    ]
    tables = (counted(rows, records=200_000, told=told) for rows in (blocked, sample))
    rows = learn(*tables, matching.declared("customers"))
    twins = dict(zip(told, ("different", "exact", "exact", "exact", "same home"), strict=True))
    match, household = (pairs_expected(rows, latent, twins) for latent in ("match", "household"))
    assert household > 5 * match


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
    ]
    tables = (counted(rows, 7_800, told) for rows in (blocked, sample))
    rows = learn(*tables, matching.declared("customers"))
    assert rows["last_name", "different"]["match"] < 0.1
    assert rows["phone", "different"]["match"] < 0.2


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


def test_mailboxes_that_are_all_there_is_to_compare_are_not_taken_for_chance():
    alone = {name: None for name in NAMES} | {"inverse_affinity": 1.0, "records": 6_000}
    schema = pa.schema([(name, pa.int64()) for name in NAMES] + [("pairs", pa.float64())])
    schema = schema.append(pa.field("inverse_affinity", pa.float64())).append(pa.field("records", pa.int64()))
    agreeing, differing = {**alone, "mail": 0, "pairs": 4_000.0}, {**alone, "mail": 1, "pairs": 200_000.0}
    rows = learn(*(pa.Table.from_pylist([pairs], schema=schema) for pairs in (agreeing, differing)))
    prior, mail = rows["prior", "share of all pairs"], rows["mail", "agree"]
    assert prior["match"] * mail["match"] > 4 * prior["chance"] * mail["chance"]
