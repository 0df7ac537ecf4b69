"""Whatever happens to the clusters over time, the registry of golden ids keeps its promises.

ASSAY_HISTORIES says how many random histories are lived through (50 by default).
"""

from __future__ import annotations

import os
import random

import duckdb
import pyarrow as pa
import pytest
import sqlalchemy as sa

from pipelines import identity, known_ids, ledger

HISTORIES = int(os.environ.get("ASSAY_HISTORIES", "50"))
SYSTEMS = ("odoo", "pos", "shopify")
RECORDS = [f"{system}:{n}" for system in SYSTEMS for n in range(4)]
TABLES = (ledger.golden_ids, ledger.id_members, ledger.id_events)
State = dict[str, int]


class Life:
    """One registry and what it has ever said: runs of clusters, the ids they got, the events they left."""

    def __init__(self, engine: sa.Engine, seed: str) -> None:
        self.engine, self.chance, self.runs = engine, random.Random(seed), 0
        self.ever: dict[str, set[str]] = {}
        self.last: dict[str, str] = {}
        with engine.begin() as connection:
            for table in TABLES:
                connection.execute(table.delete())

    def run(self, state: State) -> dict[str, str]:
        """Assign ids to the clusters of `state`, given in a random order and under names of this run alone."""
        self.runs += 1
        rows = [(record, f"cluster {label} of {self.runs}") for record, label in state.items()]
        self.chance.shuffle(rows)
        columns = [pa.array([row[i] for row in rows], pa.string()) for i in (0, 1)]
        table = pa.table(columns, names=["record_id", "cluster_id"])
        result = identity.assign(self.engine, "customers", table, f"run {self.runs}", "test")
        return dict(zip(result["record_id"].to_pylist(), result["golden_id"].to_pylist(), strict=True))

    def registry(self) -> dict[str, sa.Row]:
        with self.engine.connect() as connection:
            return {row.golden_id: row for row in connection.execute(sa.select(ledger.golden_ids))}

    def events(self) -> list[sa.Row]:
        """Of the last run."""
        log = ledger.id_events
        with self.engine.connect() as connection:
            return connection.execute(sa.select(log).where(log.c.run_id == f"run {self.runs}")).all()


def evidence(chance: random.Random, state: State) -> State:
    """A new record comes, alone or to somebody."""
    new = [record for record in RECORDS if record not in state]
    label = chance.choice([*state.values(), max(state.values(), default=0) + 1])
    return state | {chance.choice(new): label} if new else looser(chance, state)


def looser(chance: random.Random, state: State) -> State:
    """Two clusters become one."""
    one, other = chance.choice(list(state.values())), chance.choice(list(state.values()))
    return {record: one if label == other else label for record, label in state.items()}


def stricter(chance: random.Random, state: State) -> State:
    """A cluster falls into two."""
    torn, new = chance.choice(list(state.values())), max(state.values()) + 1
    return {r: new if label == torn and chance.random() < 0.5 else label for r, label in state.items()}


def another_model(chance: random.Random, state: State) -> State:
    """Some records move anywhere."""
    labels = range(max(state.values()) + 2)
    return {r: chance.choice(labels) if chance.random() < 0.3 else label for r, label in state.items()}


def source_gone(chance: random.Random, state: State) -> State:
    """A system says nothing any more."""
    gone = chance.choice(SYSTEMS)
    return {r: label for r, label in state.items() if not r.startswith(gone)} or state


def all_records(chance: random.Random, state: State) -> State:
    """Every system is there again."""
    fresh = max(state.values()) + 1
    return {record: state.get(record, fresh + number) for number, record in enumerate(RECORDS)}


STEPS = (evidence, evidence, looser, stricter, another_model, source_gone, all_records)


def members_of(assigned: dict[str, str]) -> dict[str, frozenset[str]]:
    return {g: frozenset(r for r in assigned if assigned[r] == g) for g in set(assigned.values())}


def groups_of(state: State) -> set[frozenset[str]]:
    return {frozenset(r for r in state if state[r] == label) for label in state.values()}


def check_promises(life: Life, state: State, known: dict[str, sa.Row], assigned: dict[str, str]) -> None:
    rows, log, now = life.registry(), life.events(), members_of(assigned)
    active = {g for g, row in known.items() if row.state == "active"}
    assert set(now.values()) == groups_of(state), "each cluster has one id, each id one cluster"
    assert {g for g, row in rows.items() if row.state == "active"} == set(now)
    for golden_id, members in members_of(life.last).items():
        if golden_id in active and members in now.values():
            assert now.get(golden_id) == members, "a cluster whose members stay keeps its id"
    for golden_id, members in now.items():
        assert life.ever.get(golden_id, members) & members, "an id never comes to mean someone else"
    for golden_id in rows:
        path = [golden_id]
        while onward := rows[path[-1]].redirected_to:
            path.append(onward)
            assert len(path) <= len(rows), "pointers never cycle"
        assert rows[path[-1]].state in ("active", "retired")
    check_events(life, known, rows, log, assigned)


def check_events(life: Life, known, rows, log, assigned: dict[str, str]) -> None:
    said = {(e.event, e.golden_id) for e in log}
    parted = {(e.golden_id, e.other_id) for e in log if e.event in ("split", "redirected")}
    joined = {(e.golden_id, e.record_id) for e in log if e.event == "joined"}
    became = {"active": "revived", "redirected": "redirected", "retired": "retired"}
    for golden_id, row in rows.items():
        if golden_id not in known:
            assert ("minted", golden_id) in said
        elif known[golden_id].state != row.state:
            assert (became[row.state], golden_id) in said
    for record, golden_id in assigned.items():
        old = life.last.get(record)
        if old is None:
            assert ("minted", golden_id) in said or (golden_id, record) in joined
        elif old != golden_id:
            assert (old, golden_id) in parted or identity.resolve(life.engine, "customers", old) == golden_id
    assert all(e.reason == "test" for e in log)


def live(life: Life, steps: int = 5) -> None:
    """A random history: after each step every promise is checked, and now and then a rerun and an undone merge."""
    state = {record: number for number, record in enumerate(life.chance.sample(RECORDS, 5))}
    for _ in range(steps):
        known = life.registry()
        assigned = life.run(state)
        check_promises(life, state, known, assigned)
        for golden_id, members in members_of(assigned).items():
            life.ever.setdefault(golden_id, set()).update(members)
        life.last |= assigned
        if life.chance.random() < 0.3:
            assert life.run(state) == assigned, "a rebuild in another order changes nothing"
            assert not life.events()
        if life.chance.random() < 0.2:
            life.run(dict.fromkeys(state, 0))
            assert life.run(state) == assigned, "a merge undone gives everybody the id they had"
        state = life.chance.choice(STEPS)(life.chance, state)


def test_golden_ids_keep_their_promises_through_random_histories():
    engine = ledger.open_ledger("sqlite://")
    for number in range(HISTORIES):
        live(Life(engine, f"history {number}"))


def test_golden_ids_keep_their_promises_on_a_postgresql_ledger(empty_database):
    engine = ledger.open_ledger(empty_database("postgresql"))
    try:
        for number in range(max(5, HISTORIES // 20)):
            live(Life(engine, f"history {number}"))
    finally:
        engine.dispose()


@pytest.mark.parametrize("seed", range(3))
def test_a_replayed_history_gives_the_same_ids_whoever_lived_it(seed):
    lived = []
    for _ in range(2):
        life = Life(ledger.open_ledger("sqlite://"), f"replayed {seed}")
        live(life)
        lived.append((life.last, sorted(life.registry().items())))
    assert lived[0] == lived[1]


NAMES = ("record_id", "cluster_id"), ("record_id", "golden_id")


def rows_of(pairs, names):
    columns = [pa.array(column, pa.string()) for column in (zip(*sorted(pairs), strict=True) if pairs else ((), ()))]
    return pa.table(columns, names=names)


def labelled(state: State) -> dict[str, str]:
    """Each record's cluster by its smallest record, as builds name them."""
    return {record: min(r for r in state if state[r] == label) for record, label in state.items()}


def assign_nearby(engine, before, after, last, followers, said):
    """Ids for `after` where the build before gave `last` to the clusters `before`; what is not near keeps its id."""
    changed = {record for record, _ in before.items() ^ after.items()} | {record for record, _ in followers ^ said}
    followers = rows_of(followers, NAMES[1])
    with duckdb.connect() as db:
        db.register("clusters", rows_of(after.items(), NAMES[0]))
        db.register("assigned", rows_of(last.items(), NAMES[1]))
        labels = {after[record] for record in changed if record in after}
        db.register("anew", rows_of([pair for pair in after.items() if pair[1] in labels], NAMES[0]))
        queries = "select * from clusters", "select * from assigned"
        near = known_ids.reach(engine, "customers", db, changed, *queries, followers)
        assert near == known_ids.reach(engine, "customers", db, changed, *queries, followers, "select * from anew")
    clusters = rows_of([pair for pair in after.items() if pair[0] in near.records], NAMES[0])
    follow = followers.filter(pa.compute.is_in(followers["record_id"], pa.array(sorted(near.records), pa.string())))
    found = identity.assign(engine, "customers", clusters, "run", "test", follow, near)
    kept = {record: golden_id for record, golden_id in last.items() if record not in near.records}
    return kept | dict(zip(*(found[name].to_pylist() for name in NAMES[1]), strict=True)), near


def told(engine):
    """All that a ledger says of ids, events in their order."""
    with engine.connect() as connection:
        ids, members, events = ([tuple(row) for row in connection.execute(sa.select(table))] for table in TABLES)
    return sorted(ids, key=str), sorted(members), [event[1:] for event in events]


def test_ids_given_to_what_a_change_has_to_do_with_are_those_given_to_everybody():
    whole, part = ledger.open_ledger("sqlite://"), ledger.open_ledger("sqlite:///:memory:")
    spared = 0
    for number in range(max(6, HISTORIES // 16)):
        chance = random.Random(f"near {number}")
        for engine in (whole, part):
            with engine.begin() as connection:
                for table in TABLES:
                    connection.execute(table.delete())
        state, before, last, followers = dict(zip(RECORDS, (0, 0, 1, 2, 2, 3), strict=False)), {}, {}, set()
        for _ in range(8):
            said, after = set(followers), labelled(state)
            if last and chance.random() < 0.4:
                followers = followers | {(f"odoo:made {len(followers)}", chance.choice(sorted(last.values())))}
            table = rows_of(after.items(), NAMES[0])
            given = identity.assign(whole, "customers", table, "run", "test", rows_of(followers, NAMES[1]))
            last, near = assign_nearby(part, before, after, last, followers, said)
            assert last == dict(zip(*(given[name].to_pylist() for name in NAMES[1]), strict=True))
            assert told(whole) == told(part)
            spared += len(last.keys() - near.records)
            before, state = after, chance.choice(STEPS)(chance, state)
    assert spared > 20


def test_ids_out_of_use_and_records_that_moved_are_found_without_a_look_at_all_others():
    engine, asked = ledger.open_ledger.__wrapped__("sqlite://"), []
    sa.event.listen(engine, "before_cursor_execute", lambda c, cursor, sql, said, *rest: asked.append((sql, said)))
    with duckdb.connect() as db:
        for name, names in (("clusters", NAMES[0]), ("assigned", NAMES[1])):
            db.register(name, rows_of([], names))
        queries = "select * from clusters", "select * from assigned"
        known_ids.reach(engine, "customers", db, {"pos:1"}, *queries, rows_of([], NAMES[1]))
    odd = [(sql, said) for sql, said in asked if "<>" in sql]
    with engine.connect() as connection:
        plans = [connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", said).fetchone()[-1] for sql, said in odd]
    assert [plan.partition(" INDEX ")[2].partition(" ")[0] for plan in plans] == ["id_members_moved", "golden_ids_idle"]
