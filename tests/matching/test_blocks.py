"""Blocks bring pairs together up to a size: a weak rule's own cap, and that of all others."""

from __future__ import annotations

import duckdb
import pytest

from pipelines import explain, matching
from tests.matching.conftest import match, person


@pytest.fixture(scope="module")
def pairs_of():
    """How many pairs a block of so many records makes under a rule, by the macro that the models use."""

    queries = [explain._render(f"{{{{ pair_records('customers', 'blocks', many={many}) }}}}") for many in (0, 1)]

    def count(rule: int, records: int, many: bool) -> int:
        with duckdb.connect() as db:
            db.execute(
                f"create table blocks as select {rule}::tinyint as rule, 1::ubigint as key, range as record_no "
                f"from range({records})"
            )
            return db.sql(f"select count(*) from ({queries[many]})").fetchone()[0]

    return count


@pytest.mark.parametrize("many", [False, True])
def test_a_block_makes_pairs_up_to_the_cap_of_its_rule_and_none_above(pairs_of, many):
    least = matching.declared("customers")["blocks"]["many"]
    own = matching.caps("customers", least if many else least - 1)
    for rule, cap in enumerate(own):
        assert (pairs_of(rule, cap, many), pairs_of(rule, cap + 1, many)) == (cap * (cap - 1) // 2, 0)


def test_among_many_records_the_blocks_of_weak_rules_may_hold_fewer():
    blocks = matching.declared("customers")["blocks"]
    few, many = (matching.caps("customers", records) for records in (blocks["many"] - 1, blocks["many"]))
    assert all(less <= more for less, more in zip(many, few, strict=True))
    assert sum(less < more for less, more in zip(many, few, strict=True)) == sum(
        "cap_of_many" in rule for rule in blocks["rules"]
    )


def laid(blocks: list[tuple[str, str, int]]) -> set[tuple[int, int]]:
    """The pairs of few records that blocks of (rule, key, record) make."""
    rules = [rule["name"] for rule in matching.declared("customers")["blocks"]["rules"]]
    with duckdb.connect() as db:
        db.execute("create table blocks (rule tinyint, key ubigint, record_no bigint)")
        rows = [(rules.index(rule), abs(hash((rule, key))), record) for rule, key, record in blocks]
        db.executemany("insert into blocks values (?, ?, ?)", rows)
        query = explain._render("{{ pair_records('customers', 'blocks', few=true) }}")
        return set(db.sql(query).fetchall())


def test_a_rule_for_few_records_brings_nobody_together_whom_a_crowd_holds():
    crowd = [("home", "a tower", record) for record in range(40)]
    alike = [("initial", "j", record) for record in (1, 2, 50)]
    assert laid(crowd + alike) == {(1, 50), (2, 50)}
    assert laid(crowd + alike + [("email", "one", record) for record in (1, 2)]) == {(1, 2), (1, 50), (2, 50)}


def test_two_misspelt_names_are_compared_among_few_and_nothing_is_learnt_from_that(tmp_path):
    few = [person(f"shop:{n}", first_name=f"Ab{n:c}el", last_name=f"Ok{n:c}r") for n in range(98, 104)]
    query = match(tmp_path, few)
    compared, learnt = (
        "select count(*) from matched_customers__comparisons",
        "select sum(pairs) from matched_customers__patterns",
    )
    assert (query(compared), query(learnt)) == ([(15,)], [(None,)])
