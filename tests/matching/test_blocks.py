"""Blocks bring pairs together up to a size: a weak rule's own cap, and that of all others."""

from __future__ import annotations

import duckdb
import pytest

from pipelines import explain, matching


@pytest.fixture(scope="module")
def pairs_of():
    """How many pairs a block of so many records makes under a rule, by the macro that the models use."""

    def count(rule: int, records: int, many: bool) -> int:
        query = explain._render(f"{{{{ pair_records('customers', 'blocks', many={str(many).lower()}) }}}}")
        with duckdb.connect() as db:
            db.execute(
                f"create table blocks as select {rule}::tinyint as rule, 1::ubigint as key, range as record_no "
                f"from range({records})"
            )
            return db.sql(f"select count(*) from ({query})").fetchone()[0]

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
    assert min(few) < blocks["cap"] == max(many)
    assert sum(less < more for less, more in zip(many, few, strict=True)) == sum(
        "cap_of_many" in rule for rule in blocks["rules"]
    )
