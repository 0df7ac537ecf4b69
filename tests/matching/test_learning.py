"""Learning without labels: weights come out of counts of patterns, the same on every run. Comparisons are made up."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from pipelines import learning

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
    agree = {"name": "agree", "together": True, **start, "census": name in RARE}
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


def test_a_sample_tells_what_chance_does_and_of_what_it_cannot_show_the_expectation_stands():
    levels = [{"name": "same", "m": 0.8, "h": 0.8, "u": 0.000001}, {"name": "alike", "m": 0.1, "h": 0.1, "u": 0.02}]
    levels.append({"name": "different", "m": 0.1, "h": 0.1, "u": 0.979999})
    spec = {"compare": {"comparisons": [{"name": "place", "levels": levels}]}, "learn": SPEC["learn"]}
    seen = [{"place": 0, "pairs": 5.0}], [{"place": 1, "pairs": 200.0}, {"place": 2, "pairs": 199_800.0}]
    tables = (
        pa.Table.from_pylist([{**row, "inverse_affinity": 1.0, "records": RECORDS} for row in rows]) for rows in seen
    )
    chance = {level: row["chance"] for (_, level), row in learn(*tables, spec).items()}
    assert chance["alike"] == pytest.approx(0.001, rel=0.15)
    assert chance["same"] == pytest.approx(0.000001, rel=0.15)


@pytest.mark.parametrize(("learnt_of", "is_one"), [([], True), (["household"], False)])
def test_a_level_of_a_fixed_comparison_is_learnt_where_it_says_so(learnt_of, is_one):
    """Fathers and sons of whom one alone says Jr never share a number, so they are no people who leave it out."""
    exact = {"name": "agree", "m": 0.95, "h": 0.015, "u": 0.01}
    namesake = {"name": "jr", "learnt": learnt_of, "m": 0.02, "h": 0.02, "u": 0.004}
    differ = {"name": "differ", "m": 0.03, "h": 0.965, "u": 0.986}
    name = {"name": "name", "fixed": ["household"], "levels": [exact, namesake, differ]}
    spec = {"compare": {"comparisons": [name, comparison("home"), comparison("phone")]}, "learn": SPEC["learn"]}
    seen = [(0, 0, 0, 3000.0), (0, 0, 1, 1000.0), (0, 0, None, 9000.0), (1, 0, 1, 1000.0), (1, 0, None, 3000.0)]
    columns = ("name", "home", "phone", "pairs", "inverse_affinity", "records")
    tables = [
        pa.Table.from_pylist([dict(zip(columns, (*row, 1.0, RECORDS), strict=True)) for row in rows])
        for rows in (seen, [(2, 1, 1, 100_000.0)])
    ]
    jr = learn(*tables, spec)["name", "jr"]
    assert (jr["match"] > jr["household"]) is is_one


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


def test_a_name_misspelt_by_chance_goes_with_what_the_same_name_goes_with():
    """Names and homes go together, so that fewer of the misspelt names at one home are mistakes in one person's."""
    exact, near = ({"name": name, "m": m, "h": 0.01, "u": 0.01} for name, m in (("agree", 0.7), ("misspelt", 0.1)))
    seen = [(0, 0, 0, 1000.0), (1, 0, 0, 100.0), (0, 0, 1, 40_000.0), (1, 0, 1, 600.0), (2, 0, 0, 20.0)]
    columns = ("name", "home", "mail", "pairs", "inverse_affinity", "records")
    told = []
    for flag in ({}, {"together": True}):
        levels = [exact | {"together": True}, near | flag, {"name": "differ", "m": 0.2, "h": 0.98, "u": 0.98}]
        compared = [{"name": "name", "fixed": ["household"], "levels": levels}, comparison("home"), comparison("mail")]
        learn_of = SPEC["learn"] | {"together": [["name", "home"]]}
        rows = (seen, [(0, 1, 1, 1_000.0), (1, 1, 1, 100.0), (2, 0, 1, 1_000.0), (2, 1, 1, 98_000.0)])
        tables = (
            pa.Table.from_pylist([dict(zip(columns, (*row, 1.0, RECORDS), strict=True)) for row in pairs])
            for pairs in rows
        )
        told.append(
            learn(*tables, {"compare": {"comparisons": compared}, "learn": learn_of})["name", "misspelt"]["match"]
        )
    assert told[1] < 0.95 * told[0]


def test_mailboxes_that_are_all_there_is_to_compare_are_not_taken_for_chance():
    alone = {name: None for name in NAMES} | {"inverse_affinity": 1.0, "records": 6_000}
    schema = pa.schema([(name, pa.int64()) for name in NAMES] + [("pairs", pa.float64())])
    schema = schema.append(pa.field("inverse_affinity", pa.float64())).append(pa.field("records", pa.int64()))
    agreeing, differing = {**alone, "mail": 0, "pairs": 4_000.0}, {**alone, "mail": 1, "pairs": 200_000.0}
    rows = learn(*(pa.Table.from_pylist([pairs], schema=schema) for pairs in (agreeing, differing)))
    prior, mail = rows["prior", "share of all pairs"], rows["mail", "agree"]
    assert prior["match"] * mail["match"] > 4 * prior["chance"] * mail["chance"]
