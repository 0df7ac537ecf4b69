"""Decisions that cannot all be true refuse what hangs together with them, name their rows, and leave the rest alone."""

import pyarrow as pa

from pipelines.contradictions import contradictions

COMPONENTS = pa.table(
    {"record_id": ["pos:a", "pos:b", "pos:c", "pos:d", "pos:x", "pos:y"], "component_no": [1] * 4 + [5] * 2}
)


def refused(*decided: tuple[str, str, str], contradicted: str | None = None) -> dict[str, str]:
    """The decisions told, by record, for `(left, right, decision)` of records named by a letter."""
    rows = [
        {
            "left_record_id": f"pos:{left}",
            "right_record_id": f"pos:{right}",
            "decision": decision,
            "steward": "Jana",
            "decided_on": "2026-03-29",
            "contradicted_by": contradicted,
        }
        for left, right, decision in decided
    ]
    found = contradictions(pa.Table.from_pylist(rows), COMPONENTS).to_pylist()
    return {row["record_id"]: row["decisions"] for row in found}


def test_a_chain_of_must_that_joins_a_cannot_refuses_its_whole_component_and_no_other():
    told = refused(("a", "b", "must"), ("b", "c", "must"), ("a", "c", "cannot"), ("x", "y", "must"))
    assert set(told) == {"pos:a", "pos:b", "pos:c", "pos:d"}
    for row in ("pos:a,pos:b,must", "pos:b,pos:c,must", "pos:a,pos:c,cannot"):
        assert row in told["pos:d"]
    assert "pos:x" not in told["pos:d"]


def test_opposite_decisions_of_one_day_refuse_the_pair():
    told = refused(("x", "y", "cannot"), contradicted="must by Petr")
    assert set(told) == {"pos:x", "pos:y"}
    assert "against must by Petr" in told["pos:x"]


def test_decisions_that_agree_refuse_nothing():
    assert refused(("a", "b", "must"), ("b", "c", "cannot"), ("x", "y", "later")) == {}
