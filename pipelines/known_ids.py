"""What the ledger knows of golden ids: of a whole domain, or of what changed clusters have to do with.

Records hang together by their cluster, and by an id that one has, had first, founded, follows or that leads elsewhere.
What does not hang together with a change keeps its id in any case.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import NamedTuple

import duckdb
import pyarrow as pa
import sqlalchemy as sa

from pipelines import ledger

BATCH = 500
ASSIGNED = pa.schema([("record_id", pa.string()), ("golden_id", pa.string())])
MEMBER_ROWS = pa.schema([(name, pa.string()) for name in ("record_id", "native", "current")])
ID_ROWS = pa.schema([(name, pa.string()) for name in ("golden_id", "founder", "state", "redirected_to")])
ID_ROWS = ID_ROWS.append(pa.field("born", pa.int64()))


class Known(NamedTuple):
    """The ledger's rows as tables, when the youngest id was born, and which of some ids the ledger has."""

    ids: pa.Table
    members: pa.Table
    last_born: int
    taken: Callable[[Collection[str]], set[str]]


class Near(NamedTuple):
    """Records and golden ids that hang together with changed ones."""

    records: set[str]
    ids: set[str]


def reach(
    engine: sa.Engine,
    domain: str,
    db: duckdb.DuckDBPyConnection,
    changed: Collection[str],
    clusters: str,
    assigned: str,
    followers: pa.Table,
) -> Near:
    """Everything that hangs together with the `changed` records, which may be gone.

    `clusters` (record_id, cluster_id) are those of now, `assigned` (record_id, golden_id) what the last build gave: two
    queries on `db`.
    """
    with engine.connect() as connection:
        links = _links(connection, domain, changed)
    links += list(zip(*(followers[name].to_pylist() for name in ("record_id", "golden_id")), strict=True))
    for name, rows in (("linked", links), ("begun", [(record, record) for record in sorted(changed)])):
        columns = list(zip(*rows, strict=True)) or [(), ()]
        db.register(name, pa.table([pa.array(column, pa.string()) for column in columns], names=["node", "hub"]))
    edges = (
        (f"select record_id as node, cluster_id as hub from ({clusters})", "clusters_near"),
        (f"select record_id as node, golden_id as hub from ({assigned}) union all from linked", "ids_near"),
    )
    db.execute("create or replace temp table near as select node from begun")
    for _, hubs in edges:
        db.execute(f"create or replace temp table {hubs} (hub varchar)")
    size, seen = len(changed), {}
    while stale := [edge for edge in edges if seen.get(edge) != size]:
        for found, hubs in stale:
            seen[found, hubs] = size
            if _grow(db, f"select hub from ({found}) semi join near using (node)", hubs, "hub"):
                size += _grow(db, f"select node from ({found}) semi join {hubs} using (hub)", "near", "node")
    records = {node for (node,) in db.execute("select node from near where node not like 'id %'").fetchall()}
    ids = {hub for (hub,) in db.execute("from ids_near").fetchall()}
    for name in ("near", "clusters_near", "ids_near"):
        db.execute(f"drop table {name}")
    for name in ("linked", "begun"):
        db.unregister(name)
    return Near(records, ids)


def _grow(db: duckdb.DuckDBPyConnection, found: str, table: str, key: str) -> int:
    """Put what a query finds into a table where it lacks it; how much that was."""
    new = f"select distinct {key} from ({found}) anti join {table} using ({key})"
    return db.execute(f"insert into {table} {new}").fetchone()[0]


def load(connection: sa.Connection, domain: str, near: Near | None) -> Known:
    """The rows of a domain, or of what is `near`; on PostgreSQL nobody else gives ids until the transaction ends."""
    ids, members = ledger.golden_ids.c, ledger.id_members.c
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtext(f"assay ids {domain}"))))
    of_ids = sa.select(ids.golden_id, ids.founder_record_id, ids.state, ids.redirected_to, ids.born_seq)
    of_ids = of_ids.where(ids.domain == domain)
    of_members = sa.select(members.record_id, members.native_id, members.golden_id).where(members.domain == domain)
    last = connection.scalar(sa.select(sa.func.max(ids.born_seq)).where(ids.domain == domain))
    known = table(_rows(connection, of_ids, ids.golden_id, near and near.ids), ID_ROWS)
    have = table(_rows(connection, of_members, members.record_id, near and near.records), MEMBER_ROWS)
    if near:
        return Known(
            known, have, last or 0, lambda some: {g for g, *_ in _rows(connection, of_ids, ids.golden_id, some)}
        )
    return Known(known, have, last or 0, set(known["golden_id"].to_pylist()).intersection)


def parted(
    clusters: pa.Table, known: Known, followers: pa.Table | None
) -> tuple[pa.Table, pa.Table, pa.Table, pa.Table]:
    """Splits off records about whom nothing is to be weighed, which are nearly all: SQL is quick where Python is not.

    They are those of clusters that are exactly one active id's own records, all native to it, and those of clusters
    none of whose records the ledger has ever heard of. Returns the former with their id, the latter with their cluster,
    the other records with theirs, and what the ledger knows of all but the first.
    """
    bound = "odoo_binding" if "odoo_binding" in clusters.schema.names else "null::bigint as odoo_binding"
    with duckdb.connect() as db:
        db.register("clusters", clusters)
        db.register("ids", known.ids)
        db.register("members", known.members)
        db.register("followers", followers if followers is not None else ASSIGNED.empty_table())
        if not len(known.ids):
            heard = f"select record_id, cluster_id, {bound} from clusters anti join followers using (record_id)"
            fresh = db.sql(f"select record_id, cluster_id from ({heard}) order by record_id").to_arrow_table()
            return ASSIGNED.empty_table(), fresh, db.sql(f"{heard} limit 0").to_arrow_table(), known.members
        db.execute(f"""
            create table present as
            select record_id, cluster_id, {bound}, native, current
            from clusters left join members using (record_id)
            where record_id not in (select record_id from followers);
            create table settled as
            with recursive followed as (
                select golden_id from followers
                union
                select redirected_to from ids join followed using (golden_id) where redirected_to is not null
            ),
            seats as (
                select cluster_id, min(native) as golden_id
                from present
                group by cluster_id
                having count(native) = count(*)
                    and min(native) = max(native) and min(current) = max(current) and min(native) = min(current)
            ),
            elsewhere as (
                select golden_id, count(distinct cluster_id) as clusters
                from (
                    select native as golden_id, cluster_id from present
                    union all
                    select current, cluster_id from present
                )
                group by golden_id
            )
            select cluster_id, golden_id
            from seats
            join ids using (golden_id)
            join elsewhere using (golden_id)
            where clusters = 1 and ids.state = 'active' and golden_id not in (select golden_id from followed);
            create table unheard as
            select cluster_id
            from present left join (select distinct founder from ids) as founders on record_id = founder
            group by cluster_id
            having count(native) = 0 and count(founder) = 0
        """)
        done = db.sql("select record_id, golden_id from present join settled using (cluster_id)").to_arrow_table()
        fresh = db.sql(
            "select record_id, cluster_id from present semi join unheard using (cluster_id) order by record_id"
        )
        rest = db.sql("""
            select * exclude (native, current)
            from present anti join settled using (cluster_id) anti join unheard using (cluster_id)
        """)
        others = db.sql("""
            select members.* from members
            where record_id not in (select record_id from present join settled using (cluster_id))
        """)
        return done.cast(ASSIGNED), fresh.to_arrow_table(), rest.to_arrow_table(), others.to_arrow_table()


def _rows(connection: sa.Connection, query: sa.Select, key: sa.Column, some: Collection[str] | None) -> list[tuple]:
    """As the driver gives them: there may be a million."""
    if some is None:
        return connection.execute(query).cursor.fetchall()
    listed, rows = sorted(some), []
    for start in range(0, len(listed), BATCH):
        rows += connection.execute(query.where(key.in_(listed[start : start + BATCH]))).cursor.fetchall()
    return rows


def table(rows: list[tuple], schema: pa.Schema) -> pa.Table:
    columns = list(zip(*rows, strict=True)) or [()] * len(schema)
    return pa.table([pa.array(c, f.type) for c, f in zip(columns, schema, strict=True)], schema=schema)


def _links(connection: sa.Connection, domain: str, changed: Collection[str]) -> list[tuple[str, str]]:
    """What only the ledger knows: records with more ids than the one they have now, and ids that lead to others."""
    members, ids = ledger.id_members.c, ledger.golden_ids.c
    theirs = sa.select(members.record_id, members.native_id, members.golden_id).where(members.domain == domain)
    odd = theirs.where(members.native_id != members.golden_id)
    idle = sa.select(ids.golden_id, ids.founder_record_id, ids.redirected_to)
    idle = idle.where(ids.domain == domain, ids.state != "active")
    links = []
    for record_id, *both in [*connection.execute(odd), *_rows(connection, theirs, members.record_id, changed)]:
        links += [(record_id, golden_id) for golden_id in both]
    for golden_id, founder, heir in connection.execute(idle):
        links += [(founder, golden_id), ("id " + golden_id, golden_id)]
        links += [("id " + golden_id, heir)] if heir else []
    return links
