"""Clusters of today become golden ids that stay: minted, kept, merged, split and revived in the ledger.

A cluster label lives for one build; a golden id is for good. This file decides which is which, in one transaction.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa

from pipelines import known_ids, ledger

PREFIX = {"customers": "C", "products": "P", "variants": "V"}
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
PAIRS = np.array([one + other for one in CROCKFORD for other in CROCKFORD], "S2")
SHIFTS = np.arange(50, -1, -10, dtype=np.uint64)
YOUNGEST = 2**62
EVENT_ROWS = pa.schema([(name, pa.string()) for name in ("event", "golden_id", "other_id", "record_id")])


class GoldenId(NamedTuple):
    """One row of golden_ids."""

    founder: str
    state: str
    redirected_to: str | None
    born: int


class Member(NamedTuple):
    """One row of id_members: the id that is the record's own, which a merge does not change, and the one it has."""

    native: str
    current: str


@dataclass
class Registry:
    """What the ledger knows of one domain, but for what is settled, and what this run adds.

    `known` says which of some ids the ledger has, `fresh` are those that clusters without a past got in this run.
    """

    domain: str
    ids: dict[str, GoldenId]
    members: dict[str, Member]
    last_born: int
    known: Callable[[Collection[str]], set[str]]
    fresh: set[str] = field(default_factory=set)
    settled: set[str] = field(default_factory=set)
    events: list[tuple[str, str, str | None, str | None]] = field(default_factory=list)
    changed_ids: set[str] = field(default_factory=set)

    def set(self, golden_id: str, **values) -> None:
        self.ids[golden_id] = self.ids[golden_id]._replace(**values)
        self.changed_ids.add(golden_id)

    def mint(self, founders: pa.Array | pa.ChunkedArray) -> list[str]:
        minted = mint(self.domain, founders, self._taken)
        self.fresh.update(minted)
        return minted

    def _taken(self, some: Collection[str]) -> set[str]:
        return self.known(some) | self.fresh.intersection(some) | self.ids.keys() & some

    def log(self, event: str, golden_id: str, other: str | None = None, record_id: str | None = None) -> None:
        self.events.append((event, golden_id, other, record_id))


def assign(
    engine: sa.Engine,
    domain: str,
    clusters: pa.Table,
    run_id: str,
    reason: str = "build",
    followers: pa.Table | None = None,
    near: known_ids.Near | None = None,
) -> pa.Table:
    """The golden id of every record: table record_id, golden_id, ordered by record_id.

    `clusters` has record_id, cluster_id and may have odoo_binding (bigint, smaller = bound earlier). An id stays with
    the cluster that holds most of the records first bound to it (ties: oldest Odoo binding, then smallest record_id);
    of several ids in one cluster the oldest stays and the others point to it; a cluster without an id revives a
    retired one of its own or mints one. A cluster whose members did not change keeps its id whatever else happens.
    `followers` (record_id, golden_id) are records that Assay itself created in a target: they follow their id and
    decide nothing while others are there. The same clusters again write nothing.

    With `near`, `clusters` and `followers` are only those of its records: the others keep what they have.
    """
    with engine.begin() as transaction:
        known = known_ids.load(transaction, domain, near)
        settled, unheard, doubtful, members = known_ids.parted(clusters, known, followers)
        registry, cluster_of, binding = _registry(domain, known, settled, doubtful, members)
        before = dict(registry.members)
        born, fresh = _mint_all(registry, unheard)
        _attach(registry, cluster_of, binding, followers)
        owner = _owners(registry, cluster_of, binding)
        assigned = {record: owner[cluster] for record, cluster in cluster_of.items()}
        _move(registry, assigned)
        _save(transaction, registry, before, born, fresh, run_id, reason)
    moved = pa.table({"record_id": list(assigned), "golden_id": list(assigned.values())}, schema=known_ids.ASSIGNED)
    if not len(settled) and not assigned:
        return fresh
    return pa.concat_tables([settled, fresh, moved]).sort_by("record_id")


def resolve(engine: sa.Engine, domain: str, golden_id: str) -> str | None:
    """The active id that `golden_id` means today, following forward pointers; None if it is retired or unknown."""
    table = ledger.golden_ids
    with engine.connect() as connection:
        while True:
            query = sa.select(table.c.state, table.c.redirected_to)
            row = connection.execute(query.where(table.c.domain == domain, table.c.golden_id == golden_id)).first()
            if row is None or row.state == "retired":
                return None
            if row.state == "active":
                return golden_id
            golden_id = row.redirected_to


def mint(domain: str, founders: pa.Array | pa.ChunkedArray, taken: Callable[[Collection[str]], set[str]]) -> list[str]:
    """A new id for the cluster that each founder founds: the hash of its name, salted while that id means someone.

    `taken` finds those of some ids that do; of two founders with one hash the first has it.
    """
    names = _ids(domain, founders).to_pylist()
    meant = taken(names)
    if not meant and len(set(names)) == len(names):
        return names
    minted, waiting, attempt = [""] * len(names), range(len(names)), 0
    while True:
        refused = []
        for place, name in zip(waiting, names, strict=True):
            if name in meant:
                refused.append(place)
            else:
                minted[place] = name
                meant.add(name)
        if not refused:
            return minted
        waiting, attempt = refused, attempt + 1
        names = _ids(domain, pa.array([f"{founders[place]}|{attempt}" for place in waiting])).to_pylist()
        meant |= taken(names)


def _ids(domain: str, founders: pa.Array | pa.ChunkedArray) -> pa.Array:
    """The id that each founder's name gives: the first 60 bits of its hash, five to a letter."""
    named = pa.table({"founder": founders})
    with known_ids.scratch().cursor() as db:
        db.register("named", named)
        heads = db.execute("select ('0x' || sha256(? || '|' || founder)[:15])::ubigint as head from named", [domain])
        numbers = heads.to_arrow_table()["head"].to_numpy()
    letters = np.full((len(numbers), 1 + len(SHIFTS)), f"{PREFIX[domain]}-", "S2")
    letters[:, 1:] = PAIRS[numbers[:, None] >> SHIFTS & 1023]
    return pa.array(letters.view("S14").ravel(), pa.string())


def _mint_all(registry: Registry, unheard: pa.Table) -> tuple[pa.Table, pa.Table]:
    """An id for each of the clusters of which the ledger knows nothing: by columns, for a first build has nothing else.

    `unheard` comes ordered by record, so that the first record of a cluster is its founder. Returns golden id, founder
    and number of birth of each, ordered by id, and what each record has, ordered by record.
    """
    cluster = unheard["cluster_id"].combine_chunks().dictionary_encode().indices
    first = np.flatnonzero(np.diff(np.maximum.accumulate(cluster.to_numpy()), prepend=-1))
    founders = unheard["record_id"].take(pa.array(first))
    names = pa.array(registry.mint(founders), pa.string())
    seq = pa.array(registry.last_born + 1 + np.arange(len(names)))
    registry.last_born += len(names)
    born = pa.table({"golden_id": names, "founder": founders, "born": seq}).sort_by("golden_id")
    return born, pa.table([unheard["record_id"], names.take(cluster)], schema=known_ids.ASSIGNED)


def _attach(registry: Registry, cluster_of: dict, binding: dict, followers: pa.Table | None) -> None:
    """Puts each follower into the cluster where its id is at home, or into one of its own if all others are gone."""
    held, waiting = _homes(registry, cluster_of, binding)
    homes = waiting | held
    for record, golden_id in _rows(followers) if followers else ():
        if golden_id not in registry.ids:
            continue
        registry.members.setdefault(record, Member(golden_id, golden_id))
        at_home = golden_id if golden_id in homes else _end(registry, golden_id)
        cluster_of[record] = homes.get(at_home, f"follows {at_home}")


def _homes(registry: Registry, cluster_of: dict[str, str], binding: dict[str, int]) -> tuple[dict, dict]:
    """The cluster that holds each active id now, and the one that would give each other id back to its own records."""
    natives, currents = defaultdict(list), defaultdict(list)
    for record in cluster_of:
        member = registry.members.get(record)
        if member:
            natives[member.native].append(record)
            currents[member.current].append(record)
    held, waiting = {}, {}
    for golden_id, row in registry.ids.items():
        if golden_id in registry.settled:
            continue
        own = currents.get(golden_id, [])
        if own and row.state == "active":
            first = [r for r in own if registry.members[r].native == golden_id] or [r for r in own if r == row.founder]
            held[golden_id] = _most(first or own, cluster_of, binding)
        elif own := natives.get(golden_id) or [r for r in (row.founder,) if r in cluster_of] or own:
            waiting[golden_id] = _most(own, cluster_of, binding)
    return held, waiting


def _most(records: list[str], cluster_of: dict[str, str], binding: dict[str, int]) -> str:
    seats = defaultdict(list)
    for record in records:
        seats[cluster_of[record]].append(record)
    if len(seats) == 1:
        return next(iter(seats))
    return min(seats, key=lambda c: (-len(seats[c]), min(binding.get(r, YOUNGEST) for r in seats[c]), min(seats[c])))


def _owners(registry: Registry, cluster_of: dict[str, str], binding: dict[str, int]) -> dict[str, str]:
    """The golden id of each cluster."""
    held, waiting = _homes(registry, cluster_of, binding)
    claims, returning = defaultdict(list), defaultdict(list)
    for golden_id, cluster in held.items():
        claims[cluster].append(golden_id)
    for golden_id, cluster in waiting.items():
        returning[cluster].append(golden_id)
    natives = {registry.members[record].native for record in cluster_of if record in registry.members}
    founders: dict[str, str] = {}
    for record, cluster in cluster_of.items():
        if cluster not in founders or record < founders[cluster]:
            founders[cluster] = record
    born, owner = registry.last_born, {}
    ordered = sorted(founders.items(), key=lambda item: item[1])
    orphans = [founder for cluster, founder in ordered if cluster not in claims and cluster not in returning]
    minted = iter(registry.mint(pa.array(orphans, pa.string())))
    for cluster, founder in ordered:
        back = returning.get(cluster, [])
        claimants = claims.get(cluster) or [g for g in back if g in natives] or back
        if claimants:
            last = [g for g in claimants if registry.ids[g].redirected_to not in claimants]
            owner[cluster] = min(last, key=lambda g: registry.ids[g].born)
            if registry.ids[owner[cluster]].state != "active":
                registry.set(owner[cluster], state="active", redirected_to=None)
                registry.log("revived", owner[cluster], record_id=founder)
        else:
            born += 1
            owner[cluster] = golden_id = next(minted)
            registry.ids[golden_id] = GoldenId(founder, "active", None, born)
            registry.changed_ids.add(golden_id)
            registry.log("minted", golden_id, record_id=founder)
    _settle(registry, waiting | held, owner)
    return owner


def _settle(registry: Registry, homes: dict[str, str], owner: dict[str, str]) -> None:
    """Ids that own nothing now lead to whoever holds their records, or retire when no record is left."""
    idle = sorted(registry.ids.keys() - set(owner.values()) - registry.settled)
    homeless = [g for g in idle if g not in homes and registry.ids[g].state == "active"]
    merged = [g for g in idle if g in homes and registry.ids[g].state == "active"]
    for golden_id in homeless:
        registry.set(golden_id, state="retired")
        registry.log("retired", golden_id)
    for golden_id in merged:
        registry.log("merged", owner[homes[golden_id]], golden_id)
        _redirect(registry, golden_id, owner[homes[golden_id]])
    while astray := [g for g in idle if g in homes and _end(registry, g) != owner[homes[g]]]:
        for golden_id in astray:
            _redirect(registry, golden_id, owner[homes[golden_id]])


def _redirect(registry: Registry, golden_id: str, heir: str) -> None:
    registry.set(golden_id, state="redirected", redirected_to=heir)
    registry.log("redirected", golden_id, heir)


def _end(registry: Registry, golden_id: str) -> str:
    while registry.ids[golden_id].redirected_to:
        golden_id = registry.ids[golden_id].redirected_to
    return golden_id


def _move(registry: Registry, assigned: dict[str, str]) -> None:
    minted = {golden_id for event, golden_id, *_ in registry.events if event == "minted"}
    fresh = {golden_id for event, golden_id, *_ in registry.events if event in ("minted", "revived")}
    parted: set[tuple[str, str]] = set()
    for record in sorted(assigned):
        golden_id = assigned[record]
        member = registry.members.get(record)
        if member is None:
            registry.members[record] = Member(golden_id, golden_id)
            if golden_id not in minted:
                registry.log("joined", golden_id, record_id=record)
        elif member.current == golden_id:
            continue
        elif registry.ids[member.current].redirected_to == golden_id:
            registry.members[record] = member._replace(current=golden_id)
        else:
            registry.members[record] = Member(golden_id, golden_id)
            if (member.current, golden_id) not in parted:
                parted.add((member.current, golden_id))
                registry.log("split", member.current, golden_id, record)
            if golden_id not in fresh:
                registry.log("joined", golden_id, member.current, record)
    _adopt(registry, assigned)


def _adopt(registry: Registry, assigned: dict[str, str]) -> None:
    """An id all of whose own records are gone becomes the own id of those who carry it: an undone merge returns it."""
    own = {registry.members[record].native for record in assigned}
    for record, golden_id in assigned.items():
        if golden_id not in own:
            registry.members[record] = Member(golden_id, golden_id)


def _registry(
    domain: str, known: known_ids.Known, settled: pa.Table, records: pa.Table, members: pa.Table
) -> tuple[Registry, dict[str, str], dict[str, int]]:
    """What is to be weighed; of the ids that are settled only those that something else leads to."""
    sure = pc.unique(settled["golden_id"])
    leading = (known.ids["redirected_to"], members["native"], members["current"])
    led_to = pa.chunked_array([chunk for column in leading for chunk in column.chunks], pa.string())
    is_sure = pc.is_in(known.ids["golden_id"], value_set=sure)
    ids = known.ids.filter(pc.or_(pc.invert(is_sure), pc.is_in(known.ids["golden_id"], value_set=led_to)))
    registry = Registry(
        domain,
        {golden_id: GoldenId(*rest) for golden_id, *rest in _rows(ids)},
        {record: Member(*rest) for record, *rest in _rows(members)},
        known.last_born,
        known.taken,
        settled=set(ids["golden_id"].filter(pc.is_in(ids["golden_id"], value_set=sure)).to_pylist()),
    )
    names, labels, bound = (records[c].to_pylist() for c in ("record_id", "cluster_id", "odoo_binding"))
    binding = {record: b for record, b in zip(names, bound, strict=True) if b is not None}
    return registry, dict(zip(names, labels, strict=True)), binding


def _rows(table: pa.Table) -> Iterator[tuple]:
    return zip(*(column.to_pylist() for column in table.columns), strict=True)


def _save(
    connection: sa.Connection,
    registry: Registry,
    known: dict[str, Member],
    born: pa.Table,
    fresh: pa.Table,
    run_id: str,
    reason: str,
) -> None:
    ids, members, domain = ledger.golden_ids, ledger.id_members, registry.domain
    minted = {golden_id for event, golden_id, *_ in registry.events if event == "minted"}
    rows = [(golden_id, registry.ids[golden_id]) for golden_id in sorted(registry.changed_ids)]
    new_ids = [(g, row.founder, row.state, row.redirected_to, row.born) for g, row in rows if g in minted]
    old_ids = [{"g": g, "s": row.state, "to": row.redirected_to} for g, row in rows if g not in minted]
    new_members, old_members = [], []
    for record, member in registry.members.items():
        before = known.get(record)
        if before is None:
            new_members.append((record, *member))
        elif before != member:
            old_members.append({"r": record, "n": member.native, "g": member.current})
    update_id = sa.update(ids).where(ids.c.domain == domain, ids.c.golden_id == sa.bindparam("g"))
    update_member = sa.update(members).where(members.c.domain == domain, members.c.record_id == sa.bindparam("r"))
    ledger.insert(connection, ids, born, domain=domain, state="active", redirected_to=None)
    ledger.insert(connection, ids, known_ids.table(new_ids, known_ids.ID_ROWS), domain=domain)
    if old_ids:
        connection.execute(update_id.values(state=sa.bindparam("s"), redirected_to=sa.bindparam("to")), old_ids)
    ledger.insert(connection, members, fresh.append_column("current", fresh["golden_id"]), domain=domain)
    ledger.insert(connection, members, known_ids.table(new_members, known_ids.MEMBER_ROWS), domain=domain)
    if old_members:
        connection.execute(update_member.values(native_id=sa.bindparam("n"), golden_id=sa.bindparam("g")), old_members)
    told = {"domain": domain, "reason": reason, "run_id": run_id}
    founded = born.select(["golden_id", "founder"])
    ledger.insert(connection, ledger.id_events, founded, event="minted", other_id=None, **told)
    ledger.insert(connection, ledger.id_events, known_ids.table(registry.events, EVENT_ROWS), **told)
