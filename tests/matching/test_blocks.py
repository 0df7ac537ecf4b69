"""Blocks bring pairs together up to a size: a weak rule's own cap, and that of all others."""

from __future__ import annotations

import duckdb
import pytest

from pipelines import explain, matching


@pytest.fixture(scope="module")
def pairs_of():
    """How many pairs a block of so many records makes under a rule, by the macro that the models use."""
    query = explain._render("{{ pair_records('customers', 'blocks') }}")

    def count(rule: int, records: int) -> int:
        with duckdb.connect() as db:
            db.execute(
                f"create table blocks as select {rule}::tinyint as rule, 1::ubigint as key, range as record_no "
                f"from range({records})"
            )
            return db.sql(f"select count(*) from ({query})").fetchone()[0]

    return count


def test_a_block_makes_pairs_up_to_the_cap_of_its_rule_and_none_above(pairs_of):
    blocks = matching.declared("customers")["blocks"]
    own = [rule.get("cap", blocks["cap"]) for rule in blocks["rules"]]
    assert min(own) < blocks["cap"]
    for rule, cap in enumerate(own):
        assert (pairs_of(rule, cap), pairs_of(rule, cap + 1)) == (cap * (cap - 1) // 2, 0)
