"""What the ledger knows of golden ids: of a whole domain, or of what changed clusters have to do with.

Records hang together by their cluster, and by an id that one has, had first, founded, follows or that leads elsewhere.
What does not hang together with a change keeps its id in any case.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Collection
from functools import lru_cache
from typing import NamedTuple

import duckdb
import pyarrow as pa
import sqlalchemy as sa

from pipelines import ledger

BATCH = 500
AS_NODE = "id "
MEMBERS = ledger.id_members.c
OF_CLUSTERS = """
select record_id from named where cluster_id in (select cluster_id from named where record_id in (from listed))
"""
ASSIGNED = pa.schema([("record_id", pa.string()), ("golden_id", pa.string())])
MEMBER_ROWS = pa.schema([(name, pa.string()) for name in ("record_id", "native", "current")])
ID_ROWS = pa.schema([(name, pa.string()) for name in ("golden_id", "founder", "state", "redirected_to")])
ID_ROWS = ID_ROWS.append(pa.field("born", pa.int64()))


class Known(NamedTuple):
    """The ledger's rows as tables, a number that no id was born after, and which of some ids the ledger has."""

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
    anew: str | None = None,
) -> Near:
    """Everything that hangs together with the `changed` records, which may be gone.

    `clusters` (record_id, cluster_id) are those of now, `assigned` (record_id, golden_id) what the last build gave, as
    the ledger has it too: two queries on `db`. So is `anew`, whole clusters among which those of changed records are.
    """
    with engine.connect() as connection:
        lead_to, held_by = _links(connection, domain, followers)
        near, ids, seated, waiting = set(changed), set(), set(), set(changed)
        while waiting:
            found = set(waiting)
            if unseated := {node for node in waiting - seated if not node.startswith(AS_NODE)}:
                mates = _listed(db, f"with named as ({anew or clusters}) {OF_CLUSTERS}", unseated)
                if anew and seated and (elsewhere := unseated - mates):
                    mates |= _listed(db, f"with named as ({clusters}) {OF_CLUSTERS}", elsewhere)
                found, seated = found | mates, seated | unseated | mates
            for record_id, *both in _rows(connection, _members(domain), MEMBERS.record_id, found):
                lead_to[record_id] |= set(both)
            new = set().union(*(lead_to[node] for node in found if node in lead_to)) - ids
            ids |= new
            found.update(*(held_by[golden_id] for golden_id in new if golden_id in held_by))
            if new:
                found |= _listed(db, f"select record_id from ({assigned}) where golden_id in (from listed)", new)
            waiting, near = found - near, near | found
    return Near({node for node in near if not node.startswith(AS_NODE)}, ids)


def _listed(db: duckdb.DuckDBPyConnection, query: str, texts: Collection[str]) -> set[str]:
    """What a query finds of the table `listed`, which holds these texts."""
    db.register("listed", pa.table({"listed": pa.array(sorted(texts), pa.string())}))
    found = {each for (each,) in db.execute(query).fetchall()}
    db.unregister("listed")
    return found


def load(connection: sa.Connection, domain: str, near: Near | None) -> Known:
    """The rows of a domain, or of what is `near`; on PostgreSQL nobody else gives ids until the transaction ends."""
    ids = ledger.golden_ids.c
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtext(f"assay ids {domain}"))))
    of_ids = sa.select(ids.golden_id, ids.founder_record_id, ids.state, ids.redirected_to, ids.born_seq)
    of_ids = of_ids.where(ids.domain == domain)
    # Whoever is born has an event, so that no id is younger than the last one; to find the youngest takes all of them.
    last = connection.scalar(sa.select(sa.func.max(ledger.id_events.c.seq)))
    if near is None:
        known = _whole(connection, of_ids, ID_ROWS)
        have = _whole(connection, _members(domain), MEMBER_ROWS)
        return Known(known, have, last or 0, set(known["golden_id"].to_pylist()).intersection)
    known = table(_rows(connection, of_ids, ids.golden_id, near.ids), ID_ROWS)
    have = table(_rows(connection, _members(domain), MEMBERS.record_id, near.records), MEMBER_ROWS)
    return Known(known, have, last or 0, lambda some: {g for g, *_ in _rows(connection, of_ids, ids.golden_id, some)})


@lru_cache
def scratch() -> duckdb.DuckDBPyConnection:
    """A database in memory for tables that end with a question; to make one takes as long as to answer a small one."""
    return duckdb.connect()


def parted(
    clusters: pa.Table, known: Known, followers: pa.Table | None
) -> tuple[pa.Table, pa.Table, pa.Table, pa.Table]:
    """Splits off records about whom nothing is to be weighed, which are nearly all: SQL is quick where Python is not.

    They are those of clusters that are exactly one active id's own records, all native to it, and those of clusters
    none of whose records the ledger has ever heard of. Returns the former with their id, the latter with their cluster,
    the other records with theirs, and what the ledger knows of all but the first.
    """
    bound = "odoo_binding" if "odoo_binding" in clusters.schema.names else "null::bigint as odoo_binding"
    with scratch().cursor() as db:
        db.register("clusters", clusters)
        db.register("ids", known.ids)
        db.register("members", known.members)
        db.register("followers", followers if followers is not None else ASSIGNED.empty_table())
        if not len(known.ids):
            heard = f"select record_id, cluster_id, {bound} from clusters anti join followers using (record_id)"
            fresh = db.sql(f"select record_id, cluster_id from ({heard}) order by record_id").to_arrow_table()
            return ASSIGNED.empty_table(), fresh, db.sql(f"{heard} limit 0").to_arrow_table(), known.members
        db.execute(f"""
            create temp table present as
            select record_id, cluster_id, odoo_binding, native, current
            from (select record_id, cluster_id, {bound} from clusters anti join followers using (record_id))
            full join members using (record_id);
            create temp table seats as
            select cluster_id, native, current from present where cluster_id is not null group by all;
            create temp table settled as
            with recursive followed as (
                select golden_id from followers
                union
                select redirected_to from ids join followed using (golden_id) where redirected_to is not null
            ),
            whole as (
                select cluster_id, any_value(native) as golden_id
                from seats
                group by cluster_id
                having count(*) = 1 and bool_and(native = current)
            ),
            at_one_place as (
                select golden_id
                from (
                    select native as golden_id, cluster_id from seats
                    union all
                    select current, cluster_id from seats
                )
                group by golden_id
                having min(cluster_id) = max(cluster_id)
            )
            select cluster_id, golden_id
            from whole
            join ids using (golden_id)
            join at_one_place using (golden_id)
            where ids.state = 'active' and golden_id not in (select golden_id from followed);
            create temp table unheard as
            with unknown as (select cluster_id from seats group by cluster_id having count(native) = 0),
            founding as (
                select cluster_id
                from present semi join unknown using (cluster_id) join ids on record_id = founder
            )
            select cluster_id from unknown anti join founding using (cluster_id);
            create temp table others as
            select * from present anti join settled using (cluster_id)
        """)
        done = db.sql("select record_id, golden_id from present join settled using (cluster_id)").to_arrow_table()
        fresh = db.sql(
            "select record_id, cluster_id from others semi join unheard using (cluster_id) order by record_id"
        )
        rest = db.sql("""
            select record_id, cluster_id, odoo_binding
            from others anti join unheard using (cluster_id)
            where cluster_id is not null
        """)
        heard = db.sql("select record_id, native, current from others where native is not null")
        return done.cast(ASSIGNED), fresh.to_arrow_table(), rest.to_arrow_table(), heard.to_arrow_table()


def _rows(connection: sa.Connection, query: sa.Select, key: sa.Column, some: Collection[str]) -> list[tuple]:
    """Of some keys, as the driver gives them. The keys go as one text: no statement is put together from thousands."""
    given = sa.bindparam("given", json.dumps(sorted(some), ensure_ascii=False), sa.Text)
    if connection.dialect.name == "postgresql":
        listed = sa.select(sa.func.json_array_elements_text(sa.cast(given, sa.JSON)))
    else:
        listed = sa.select(sa.func.json_each(given).table_valued("value").c.value)
    return connection.execute(query.where(key.in_(listed))).cursor.fetchall()


def _whole(connection: sa.Connection, query: sa.Select, schema: pa.Schema) -> pa.Table:
    """All that a query finds: there may be a million rows, which as Python's are never there together."""
    cursor = connection.execute(query).cursor
    parts = [table(rows, schema) for rows in iter(lambda: cursor.fetchmany(BATCH), [])]
    return pa.concat_tables([schema.empty_table(), *parts]).combine_chunks()


def table(rows: list[tuple], schema: pa.Schema) -> pa.Table:
    columns = list(zip(*rows, strict=True)) or [()] * len(schema)
    return pa.table([pa.array(c, f.type) for c, f in zip(columns, schema, strict=True)], schema=schema)


def _members(domain: str) -> sa.Select:
    return sa.select(MEMBERS.record_id, MEMBERS.native_id, MEMBERS.golden_id).where(MEMBERS.domain == domain)


def _links(
    connection: sa.Connection, domain: str, followers: pa.Table
) -> tuple[defaultdict[str, set[str]], defaultdict[str, set[str]]]:
    """What clusters and ids of today do not show: the ids that each node leads to, and the nodes that each id is of.

    Nodes are records with more ids than the one they have now, founders and followers of ids, and ids that are no
    longer in use, which lead to their heirs.
    """
    ids = ledger.golden_ids.c
    idle = sa.select(ids.golden_id, ids.founder_record_id, ids.redirected_to)
    links = list(zip(*(followers[name].to_pylist() for name in ("record_id", "golden_id")), strict=True))
    for record_id, *both in connection.execute(_members(domain).where(ledger.MOVED)):
        links += [(record_id, golden_id) for golden_id in both]
    for golden_id, founder, heir in connection.execute(idle.where(ids.domain == domain, ledger.IDLE)):
        links += [(founder, golden_id), (AS_NODE + golden_id, golden_id)]
        links += [(AS_NODE + golden_id, heir)] if heir else []
    lead_to, held_by = defaultdict(set), defaultdict(set)
    for node, golden_id in links:
        lead_to[node].add(golden_id)
        held_by[golden_id].add(node)
    return lead_to, held_by
