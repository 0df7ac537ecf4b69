"""What the dbt models of the matched layer call to give clusters their golden ids: under the run and with the reason.

Which id a cluster gets is decided in identity.py; here is what stands around one build.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import NamedTuple

import duckdb
import pyarrow as pa
import sqlalchemy as sa

from pipelines import changes, identity, known_ids, ledger, matching, resources

RECORDS = "records"


def assign(
    domain: str,
    clusters: pa.Table,
    followers: pa.Table | None = None,
    causes: Mapping[str, str] | None = None,
    held: pa.Table | None = None,
    near: known_ids.Near | None = None,
) -> pa.Table:
    """`identity.assign` on the ledger and under the run of the environment that the build runs in.

    `causes` names what the clusters rest on besides records (model, rules, decisions) with its version: the events of
    this build say which of them changed since the last one. `held` (record_id) are records whose decisions contradict
    each other: they and whoever shares their ids keep the ids they have. `near` is as `nearby` finds it.
    """
    engine = ledger.open_ledger(resources.settings().ledger_url)
    if held is not None and len(held):
        clusters = _as_they_were(engine, domain, clusters, held)
    reason = since_last(engine, domain, causes or {})
    assigned = identity.assign(engine, domain, clusters, resources.run_id(), reason, followers, near)
    if reason != RECORDS:
        _remember(engine, domain, causes or {})
    return assigned


class Part(NamedTuple):
    """Clusters (record_id, cluster_id) and ids of the last build (record_id, golden_id) as queries, and followers.

    `anew` are the clusters that this build made, a query like the others: whole ones, all that changed among them.
    """

    clusters: str
    assigned: str
    followers: pa.Table
    anew: str | None = None


def nearby(dbt, session, parts: Mapping[str, Part], held: pa.Table) -> dict[str, known_ids.Near | None]:
    """What the touched records of a model of ids hang together with, by domain; None where everything is assigned.

    All of it is touched from then on.
    """
    touched = changes.touched_keys(dbt, session)
    if touched is None or len(held):
        changes.forget_touched(dbt, session)
        return dict.fromkeys(parts)
    engine = ledger.open_ledger(resources.settings().ledger_url)
    while True:
        found = {domain: known_ids.reach(engine, domain, session, touched, *part) for domain, part in parts.items()}
        reached = touched.union(*(near.records for near in found.values()))
        if reached == touched or len(parts) == 1:
            touched = reached
            changes.touch(dbt, session, touched)
            return {domain: near._replace(records=touched) for domain, near in found.items()}
        touched = reached


def causes(domain: str, model: duckdb.DuckDBPyRelation, decisions: duckdb.DuckDBPyRelation) -> dict[str, str]:
    """What clusters rest on besides records, by name, with its version: the weights, the declared rules, decisions."""
    learnt = model.aggregate("coalesce(min(model_version), '') as version").fetchone()[0]
    decided = decisions.project("left_no, right_no, decision, decided_on").order("all").fetchall()
    return {"model": learnt, "rules": _version(matching.declared(domain)), "decisions": _version(decided)}


def _version(content: object) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()[:12]


def since_last(engine: sa.Engine, domain: str, causes: Mapping[str, str]) -> str:
    """What changed since the last build, in words; `records` where nothing but the records did."""
    table = ledger.id_causes
    with engine.connect() as connection:
        known = connection.scalar(sa.select(table.c.causes).where(table.c.domain == domain))
    if known is None:
        return "first build"
    before = json.loads(known)
    changed = [f"{name} {before.get(name, 'none')} to {now}" for name, now in causes.items() if before.get(name) != now]
    return "; ".join(changed) or RECORDS


def _remember(engine: sa.Engine, domain: str, causes: Mapping[str, str]) -> None:
    table, text = ledger.id_causes, json.dumps(dict(causes), sort_keys=True)
    with engine.begin() as connection:
        if not connection.execute(table.update().where(table.c.domain == domain).values(causes=text)).rowcount:
            connection.execute(table.insert().values(domain=domain, causes=text))


def _as_they_were(engine: sa.Engine, domain: str, clusters: pa.Table, held: pa.Table) -> pa.Table:
    """The clusters with those of held records replaced by the ids they have; a record without one stays alone."""
    members = ledger.id_members.c
    query = sa.select(members.record_id, members.golden_id).where(members.domain == domain)
    with engine.connect() as connection:
        rows = connection.execute(query).fetchall()
    names = ("record_id", "golden_id")
    known = pa.table([pa.array([row[i] for row in rows], pa.string()) for i in (0, 1)], names=names)
    with duckdb.connect() as db:
        for name, table in (("clusters", clusters), ("held", held), ("known", known)):
            db.register(name, table)
        kept = db.sql("""
            with ids as (select distinct golden_id from known semi join held using (record_id))

            select clusters.* replace (case
                when golden_id in (select golden_id from ids) then 'held ' || golden_id
                when record_id in (select record_id from held) then 'held ' || record_id
                else cluster_id
            end as cluster_id)
            from clusters left join known using (record_id)
        """)
        return kept.to_arrow_table().cast(clusters.schema)
