"""Why a golden record is what it is: members, the evidence that holds them, near misses, history, decisions.

Reads the warehouse of the last build, the ledger's events and the stewards' files; changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import isinf
from types import SimpleNamespace
from typing import Any

import duckdb
import sqlalchemy as sa

from pipelines import decisions, explain, ledger
from pipelines.ledger import open_ledger
from pipelines.lineage import NotFound, absent, happened
from pipelines.resources import Settings

KINDS = {"C": ("customers", "customer_id"), "P": ("products", "product_id"), "V": ("products", "variant_id")}
HELD, NEAR = 12, 5


def is_matched(golden_id: str) -> bool:
    """Whether records became one by matching under such an id; a price is put together by its variant and list."""
    return golden_id.split("-")[0] in KINDS


def of_golden(settings: Settings, golden_id: str) -> dict[str, Any]:
    """Everything that is known about the cluster of a golden id, as plain values. Raises NotFound."""
    domain, column = kind_of(golden_id)
    current, events = _history(settings, golden_id)
    with explain.warehouse(settings) as db:
        members = [
            {"record_id": record, "system": record.split(":")[0], "key": record.split(":", 1)[1], "native": native}
            for record, native in _members(settings, db, domain, column, current)
        ]
        names = [member["record_id"] for member in members]
        evidence = _inside(db, domain, names)
        misses = _near(db, domain, column, names, current)
        why = explain.explain(db, domain, [(row["left"], row["right"]) for row in [*evidence, *misses]])
        values = _overrides(db, domain, names)
        said = [row for row in decisions.decisions(domain=domain) if set(row[1:3]) & set(names)]
        strangers = [record for row in said if row.decision == "cannot" for record in row[1:3] if record not in names]
        held = f"select {column} from matched.matched_{domain}__ids where record_id in (select unnest(?))"
        apart = {row[0] for row in db.execute(held, [strangers]).fetchall()}
    for row in [*evidence, *misses]:
        its = why.get((row["left"], row["right"]))
        row["because"] = _strongest(its, row in evidence) if its else []
        if isinf(row["bits"]):
            row["because"], row["bits"] = ["decided the same"], its.bits if its else None
        if row.get("golden_id") in apart:
            row["because"] = ["decided different"]
    return {
        "golden_id": current,
        "asked": golden_id,
        "domain": domain,
        "members": members,
        "evidence": evidence,
        "near_misses": misses,
        "history": events,
        "decisions": [row._asdict() for row in said],
        "overrides": values,
    }


def lines(told: dict[str, Any]) -> Iterator[str]:
    """`of_golden` as lines for a terminal, beyond attributes and Odoo, which lineage tells."""
    for member in told["members"]:
        own = "" if member["native"] in (None, told["golden_id"]) else f"   first known as {member['native']}"
        yield f"  member    {member['record_id']}{own}"
    for row in told["evidence"]:
        yield f"  held by   {row['left']} and {row['right']}: {row['bits']:+.1f} bits, {', '.join(row['because'])}"
    for row in told["near_misses"]:
        yield (
            f"  not       {row['right']} of {row['golden_id']}: {row['bits']:+.1f} bits with {row['left']}, "
            f"{', '.join(row['because'])}"
        )
    for row in told["decisions"]:
        pair = f"{row['left_record_id']} and {row['right_record_id']}"
        yield f"  decided   {pair}: {row['decision']} by {row['steward']} on {row['decided_on']}: {row['reason']}"
    for row in told["overrides"]:
        vain = f", but {row['problem']}" if row["problem"] else ""
        told_by = f"by {row['steward']} on {row['decided_on']}: {row['reason']}"
        yield f"  set       {row['attribute']} on {row['record_id']} {told_by}{vain}"
    for event in told["history"]:
        when = f" at {event['at']} UTC" if event["at"] else ""
        yield f"  history   {happened(SimpleNamespace(**event))} in run {event['run_id']}{when}: {event['reason']}"


def kind_of(golden_id: str) -> tuple[str, str]:
    """(domain, column of its ids table) that a golden id is of. Raises NotFound."""
    kind = KINDS.get(golden_id.split("-")[0])
    if kind is None:
        raise NotFound(
            f"{golden_id}: no golden id of customers (C-), products (P-) or variants (V-), nothing else is matched; "
            "a record is SYSTEM:KEY"
        )
    return kind


def _history(settings: Settings, golden_id: str) -> tuple[str, list[dict[str, Any]]]:
    """(the id that it leads to, its events and that id's, oldest first, with the time of their run)."""
    ids, log, runs = ledger.golden_ids.c, ledger.id_events.c, ledger.runs.c
    with open_ledger(settings.ledger_url).connect() as connection:
        path = [golden_id]
        while onward := connection.scalar(sa.select(ids.redirected_to).where(ids.golden_id == path[-1])):
            path.append(onward)
        query = (
            sa.select(log.event, log.golden_id, log.other_id, log.record_id, log.reason, log.run_id, runs.started_at)
            .join_from(ledger.id_events, ledger.runs, log.run_id == runs.run_id, isouter=True)
            .where(sa.or_(log.golden_id.in_(path), log.other_id.in_(path)))
            .order_by(log.seq)
        )
        rows = connection.execute(query).mappings().all()
    events = [dict(row) for row in rows]
    for event in events:
        at = event.pop("started_at")
        event["at"] = at.isoformat(sep=" ", timespec="seconds") if at else None
    return path[-1], events


def _members(
    settings: Settings, db: duckdb.DuckDBPyConnection, domain: str, column: str, golden_id: str
) -> list[tuple[str, str | None]]:
    query = f"select record_id from matched.matched_{domain}__ids where {column} = ? order by record_id"
    records = [row[0] for row in db.execute(query, [golden_id]).fetchall()]
    if not records:
        raise absent(settings, golden_id)
    members = ledger.id_members.c
    with open_ledger(settings.ledger_url).connect() as connection:
        query = sa.select(members.record_id, members.native_id).where(members.golden_id == golden_id)
        native = dict(connection.execute(query).all())
    return [(record, native.get(record)) for record in records]


def _overrides(db: duckdb.DuckDBPyConnection, domain: str, records: list[str]) -> list[dict[str, Any]]:
    """What is set by hand on records, with the reason (`problem`) where the last build refused it."""
    holds = "customer_id = ids.customer_id" if domain == "customers" else "golden_id in (product_id, variant_id)"
    rows = db.execute(
        f"""
        select ids.record_id, attribute, cast(decided_on as varchar), problem
        from golden.golden_{domain}__decided as decided
        join matched.matched_{domain}__ids as ids on decided.{holds}
        where problem is not null and ids.record_id in (select unnest(?))
        """,
        [records],
    ).fetchall()
    refused = {tuple(key): problem for *key, problem in rows}
    said = [row for row in decisions.overrides(domain=domain) if row.record_id in records]
    return [row._asdict() | {"problem": refused.get((row.record_id, row.attribute, row.decided_on))} for row in said]


def _inside(db: duckdb.DuckDBPyConnection, domain: str, records: list[str]) -> list[dict[str, Any]]:
    """The strongest pair of each member with another one."""
    rows = db.execute(
        f"""
        with numbered as (
            select record_no, record_id from matched.matched_{domain}__evidence
            where record_id in (select unnest($records))
        ),
        pairs as (
            select l.record_id as l, r.record_id as r, bits
            from matched.matched_{domain}__within as within
            join numbered as l on within.left_no = l.record_no
            join numbered as r on within.right_no = r.record_no
        ),
        best as (
            select *, row_number() over (partition by record order by bits desc, l, r) as place
            from (select *, unnest([l, r]) as record from pairs)
        )

        select distinct l, r, bits from best where place = 1 order by bits desc, l, r limit {HELD}
        """,
        {"records": records},
    ).fetchall()
    return [{"left": left, "right": right, "bits": bits} for left, right, bits in rows]


def _near(
    db: duckdb.DuckDBPyConnection, domain: str, column: str, records: list[str], golden_id: str
) -> list[dict[str, Any]]:
    """The best compared pair with each other golden record, the nearest first."""
    rows = db.execute(
        f"""
        with numbered as (
            select record_no, record_id, {column} as golden_id
            from matched.matched_{domain}__evidence join matched.matched_{domain}__ids using (record_id)
        ),
        pairs as (
            select l.record_id as l, r.record_id as r, r.golden_id, scores.bits
            from (
                select left_no, right_no, bits from matched.matched_{domain}__scores
                union all
                select right_no, left_no, bits from matched.matched_{domain}__scores
            ) as scores
            join numbered as l on scores.left_no = l.record_no
            join numbered as r on scores.right_no = r.record_no
            where l.record_id in (select unnest($records)) and r.golden_id <> $golden_id
        )

        select l, r, golden_id, bits from pairs
        qualify row_number() over (partition by golden_id order by bits desc, l, r) = 1
        order by bits desc, l, r limit {NEAR}
        """,
        {"records": records, "golden_id": golden_id},
    ).fetchall()
    return [{"left": left, "right": right, "golden_id": other, "bits": bits} for left, right, other, bits in rows]


def _strongest(pair: explain.Explained, for_it: bool) -> list[str]:
    """The three comparisons that say most for a pair, or against it."""
    terms = [term for term in pair.terms if term.comparison not in ("prior", "together")]
    terms.sort(key=lambda term: -term.bits(pair.rival) if for_it else term.bits(pair.rival))
    kept = [term for term in terms if (term.bits(pair.rival) > 0) == for_it][:3]
    return [f"{term.comparison.replace('_', ' ')} {term.label} {term.bits(pair.rival):+.1f}" for term in kept]
