"""Decisions of stewards that cannot all be true: a chain of `must` that joins a pair declared `cannot`.

Nothing is guessed then: whatever hangs together with such a pair is refused as a whole, and says which rows to mend.
"""

from __future__ import annotations

from collections import defaultdict

import pyarrow as pa

FOUND = pa.schema([("record_id", pa.string()), ("component_id", pa.string()), ("decisions", pa.string())])


def contradictions(decisions: pa.Table, components: pa.Table) -> pa.Table:
    """One row per record of a refused component: record_id, component_id (its smallest record_id), decisions.

    `decisions` has left_record_id, right_record_id, decision, steward, decided_on, contradicted_by; `components` has
    record_id and component_no, as wide as records can hang together. `decisions` in the result lists the rows of
    match_overrides.csv that contradict each other.
    """
    rows = decisions.to_pylist()
    leader = _joined([row for row in rows if row["decision"] == "must"])
    home = dict(zip(*(components[name].to_pylist() for name in ("record_id", "component_no")), strict=True))
    refused: dict[int, list[str]] = defaultdict(list)
    for row in rows:
        left, right = row["left_record_id"], row["right_record_id"]
        broken = row["decision"] == "cannot" and leader.get(left, left) == leader.get(right, right)
        if broken or row["contradicted_by"]:
            chain = [one for one in rows if _is_of_chain(one, leader, leader.get(left, left))] if broken else []
            for component in {home[left], home[right]}:
                refused[component] += [_spelled(one) for one in [row, *chain]]
    members = defaultdict(list)
    for record, component in home.items():
        if component in refused:
            members[component].append(record)
    found = [
        (record, min(members[component]), "; ".join(dict.fromkeys(told)))
        for component, told in sorted(refused.items())
        for record in sorted(members[component])
    ]
    return pa.table([pa.array([row[i] for row in found], pa.string()) for i in range(3)], schema=FOUND)


def _joined(demanded: list[dict]) -> dict[str, str]:
    """For each record that a `must` names, the smallest record that a chain of them joins it with."""
    leader: dict[str, str] = {}

    def find(record: str) -> str:
        while leader.setdefault(record, record) != record:
            record = leader[record]
        return record

    for row in demanded:
        one, other = sorted((find(row["left_record_id"]), find(row["right_record_id"])))
        leader[other] = one
    return {record: find(record) for record in list(leader)}


def _is_of_chain(row: dict, leader: dict[str, str], group: str) -> bool:
    return row["decision"] == "must" and leader[row["left_record_id"]] == group


def _spelled(row: dict) -> str:
    pair = f"{row['left_record_id']},{row['right_record_id']},{row['decision']}"
    against = f" against {row['contradicted_by']}" if row["contradicted_by"] else ""
    return f"{pair} by {row['steward']}{against} on {row['decided_on']}"
