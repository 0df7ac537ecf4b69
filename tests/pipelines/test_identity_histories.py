"""Whatever happens to the clusters over time, the registry of golden ids keeps its promises."""

from __future__ import annotations

import random

import pyarrow as pa
import sqlalchemy as sa
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pipelines import identity, ledger

RECORDS = [f"pos:{n}" for n in range(9)]
labels = st.lists(st.one_of(st.none(), st.integers(0, 4)), min_size=len(RECORDS), max_size=len(RECORDS))
histories = st.lists(labels, min_size=2, max_size=7)
several = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


def run(engine, state: list[int | None], name: str, order: int = 0) -> dict[str, str]:
    rows = [(record, f"cluster {label}") for record, label in zip(RECORDS, state, strict=True) if label is not None]
    random.Random(order).shuffle(rows)
    table = pa.table([pa.array([r[i] for r in rows], pa.string()) for i in (0, 1)], names=["record_id", "cluster_id"])
    result = identity.assign(engine, "customers", table, name)
    return dict(zip(result["record_id"].to_pylist(), result["golden_id"].to_pylist(), strict=True))


def registry(engine) -> dict[str, sa.Row]:
    with engine.connect() as connection:
        return {row.golden_id: row for row in connection.execute(sa.select(ledger.golden_ids))}


def events(engine, name: str) -> list[sa.Row]:
    log = ledger.id_events
    with engine.connect() as connection:
        return list(connection.execute(sa.select(log).where(log.c.run_id == name)))


def fresh(order: int = 0):
    return ledger.open_ledger.__wrapped__("sqlite://")


def members_of(assigned: dict[str, str]) -> dict[str, frozenset[str]]:
    return {g: frozenset(r for r in assigned if assigned[r] == g) for g in assigned.values()}


@several
@given(histories)
def test_each_cluster_has_one_active_id_and_each_id_one_cluster(history):
    engine = fresh()
    for step, state in enumerate(history):
        assigned = run(engine, state, f"run {step}")
        for a in assigned:
            for b in assigned:
                together = state[RECORDS.index(a)] == state[RECORDS.index(b)]
                assert (assigned[a] == assigned[b]) == together
        rows = registry(engine)
        assert {g for g, row in rows.items() if row.state == "active"} == set(assigned.values())


@several
@given(histories, st.integers(0, 9))
def test_a_rerun_in_another_order_changes_nothing_and_writes_no_event(history, order):
    engine = fresh()
    for step, state in enumerate(history):
        assigned = run(engine, state, f"run {step}")
        assert run(engine, state, f"again {step}", order) == assigned
        assert events(engine, f"again {step}") == []


@several
@given(histories)
def test_a_cluster_whose_members_stay_keeps_its_id(history):
    engine = fresh()
    bound: dict[str, str] = {}
    for step, state in enumerate(history):
        active = {g for g, row in registry(engine).items() if row.state == "active"}
        assigned = run(engine, state, f"run {step}")
        after = members_of(assigned)
        for golden_id, members in members_of(bound).items():
            if golden_id in active and members in after.values():
                assert after[golden_id] == members
        bound |= assigned


@several
@given(histories)
def test_an_id_never_comes_to_mean_someone_else(history):
    engine = fresh()
    ever: dict[str, set[str]] = {}
    for step, state in enumerate(history):
        assigned = run(engine, state, f"run {step}")
        for golden_id, members in members_of(assigned).items():
            assert golden_id not in ever or ever[golden_id] & members
            ever.setdefault(golden_id, set()).update(members)


@several
@given(histories)
def test_forward_pointers_never_cycle_and_end_where_the_records_are(history):
    engine = fresh()
    for step, state in enumerate(history):
        run(engine, state, f"run {step}")
        rows = registry(engine)
        for golden_id in rows:
            path = [golden_id]
            while rows[path[-1]].redirected_to:
                path.append(rows[path[-1]].redirected_to)
                assert len(path) <= len(rows)
            assert rows[path[-1]].state in ("active", "retired")


@several
@given(histories)
def test_every_change_of_an_id_is_explained_by_an_event_of_that_run(history):
    engine = fresh()
    last: dict[str, str] = {}
    for step, state in enumerate(history):
        assigned = run(engine, state, f"run {step}")
        log = events(engine, f"run {step}")
        kinds = {(e.event, e.golden_id) for e in log}
        parted = {(e.golden_id, e.other_id) for e in log if e.event in ("split", "redirected")}
        joined = {(e.golden_id, e.record_id) for e in log if e.event == "joined"}
        for record, golden_id in assigned.items():
            old = last.get(record)
            if old is None:
                assert (
                    ("minted", golden_id) in kinds or ("joined", golden_id) in kinds and (golden_id, record) in joined
                )
            elif old != golden_id:
                assert (old, golden_id) in parted or identity.resolve(engine, "customers", old) == golden_id
        last |= assigned


@several
@example([[0] * 6, [0, 0, 1, 0, 0, 0], [1, 0, 1, 0, 1, 0], [0, 0, 0, 0, 0, 1], [0, 1, 2, 0, 0, 0]])
@given(st.lists(st.lists(st.integers(0, 4), min_size=6, max_size=6), min_size=1, max_size=5))
def test_a_merge_undone_gives_everybody_the_id_they_had(history):
    engine = fresh()
    for step, state in enumerate(history):
        before = run(engine, state + [None] * 3, f"run {step}")
        run(engine, [0] * 6 + [None] * 3, f"merged {step}")
        assert run(engine, state + [None] * 3, f"undone {step}") == before
