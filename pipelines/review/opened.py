"""Any golden record, and any pair, as a case that somebody names by golden id or by a record's key."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import NamedTuple

import duckdb

from pipelines import decisions, explain, lineage, why
from pipelines.lineage import NotFound
from pipelines.resources import Settings
from pipelines.review import cases
from pipelines.review.cases import Case

MOST_WEIGHED = 30
"""Records of a golden record that are weighed to find the pair which says most."""


class Named(NamedTuple):
    """What an id stands for: the records that it names, by the cluster that holds them, and how it led there.

    `made` are records that Assay made itself, which follow them.
    """

    domain: str
    golden_id: str | None
    clusters: list[list[str]]
    told: str
    made: list[str] = []


def opened(settings: Settings, ids: Sequence[str], only: str | None = None) -> list[Case]:
    """The golden record of one id as a case (a product: each variant), or the pair that two ids name.

    Of a golden record in a pair, the record that says most with the other side is compared. The case's reason tells
    what a merged id was merged into, and what stewards said of the records. Raises NotFound, which says why there is
    nothing.
    """
    with explain.warehouse(settings) as db:
        names = [lineage.as_typed(each) for each in ids]
        kinds = [why.kind_of(name)[0] for name in names if ":" not in name]
        records = [name for name in names if ":" in name]
        domain = explain.domain_of(settings, db, records, next(iter(kinds), only)) if records else kinds[0]
        named = [_named(settings, db, domain, name) for name in names]
        reasons = [each.told for each in named]
        if len(named) == 2:
            asked = [_strongest(db, *named)]
            about = {frozenset(asked[0])}.__contains__
        else:
            asked = [(_first(db, domain, records), None) for records in named[0].clusters]
            about = {record for each in named[0].clusters for record in each}.intersection
    reasons += [
        f"{row.left_record_id} and {row.right_record_id} decided {row.decision} by {row.steward} on {row.decided_on}: "
        f"{row.reason}"
        for row in decisions.decisions(domain=domain)
        if about(frozenset(row[1:3]))
    ]
    reasons += [
        f"{row.attribute} of {row.record_id} set to {row.value or 'nothing'} by {row.steward} on {row.decided_on}: "
        f"{row.reason}"
        for row in decisions.overrides(domain=domain)
        if about(frozenset([row.record_id])) or (len(named) == 1 and row.record_id in named[0].made)
    ]
    found = cases.between(settings, domain, asked, "; ".join(reasons))
    if not found:
        raise NotFound(f"{' and '.join(ids)}: the last build has no values of it; run `assay build`")
    return found


def _named(settings: Settings, db: duckdb.DuckDBPyConnection, domain: str, name: str) -> Named:
    if ":" in name:
        return Named(domain, None, [[name]], f"{name} was asked for")
    domain, column = why.kind_of(name)
    current = lineage.living_id(settings, name)
    held = f"""
        select
            list(record_id order by record_id) filter (judged), list(record_id order by record_id) filter (not judged)
        from (
            select *, record_id in (select record_id from matched.matched_{domain}__evidence) as judged
            from matched.matched_{domain}__ids where {column} = ?
        )
        group by {cases.ID[domain]} order by {cases.ID[domain]}
    """
    found = db.execute(held, [current]).fetchall()
    clusters, made = [records for records, _ in found if records], [one for _, ours in found for one in ours or []]
    if not clusters:
        raise lineage.absent(settings, current)
    merged = f"{name} was merged into {current}, which is shown"
    return Named(domain, current, clusters, f"{name} was asked for" if name == current else merged, made)


def _first(db: duckdb.DuckDBPyConnection, domain: str, records: list[str]) -> str:
    """The record that is compared with the others: the one that they speak least for, or the only one named."""
    if len(records) == 1:
        return records[0]
    seats = f"cluster_id in (select cluster_id from matched.matched_{domain}__clusters where record_id = $record)"
    loosest = db.execute(cases.loosest(domain, seats), {"record": records[0]}).fetchone()
    return loosest[1] if loosest and loosest[1] in records else records[0]


def _strongest(db: duckdb.DuckDBPyConnection, one: Named, other: Named) -> explain.Pair:
    """The pair of records across two ids that says most for one party, in the order of the decisions' file."""
    if one.domain != other.domain:
        raise NotFound(f"one is of the {one.domain}, the other of the {other.domain}; they are never compared")
    if one.golden_id and one.golden_id == other.golden_id:
        raise NotFound(f"both are one golden record, {one.golden_id}; open it by this id alone")
    left, right = ([record for each in side.clusters for record in each][:MOST_WEIGHED] for side in (one, other))
    pairs = {tuple(sorted(pair)) for pair in product(left, right) if pair[0] != pair[1]}
    if not pairs:
        raise NotFound(f"{left[0]} is one record; give two")
    weighed = explain.explain(db, one.domain, sorted(pairs))
    return max(sorted(pairs), key=lambda pair: weighed[pair].bits if pair in weighed else float("-inf"))
