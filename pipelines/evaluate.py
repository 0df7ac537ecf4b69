"""Scores clusters against a truth: pairs, B-cubed, mixed clusters, traps. Nothing that decides reads a truth.

Pairs are counted over all records of the truth, so what blocking never compared counts as missed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.resources import Settings


class UnusableTruth(ValueError):
    """The truth is missing or contradicts itself; the message says where and what to do."""


@dataclass(frozen=True)
class Quality:
    """How good clusters are. Shares are 0 to 1; `traps` holds (planted, fallen into) by kind of trap."""

    records: int
    found: int
    really: int
    precision: float
    recall: float
    b_cubed: float
    mixed: int
    largest: int
    traps: dict[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def f1(self) -> float:
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


def score(clusters: pa.Table, truth: pa.Table, traps: pa.Table | None = None) -> Quality:
    """Compare `clusters` (record_id, cluster_id) with `truth` (record_id, entity_id).

    A record of the truth that no cluster holds is alone. `traps` (record_id, other_record_id, kind) are pairs that
    must stay apart. Raises UnusableTruth when the truth is empty or puts one record into two entities.
    """
    with duckdb.connect() as db:
        db.register("clusters", clusters)
        db.register("truth", truth)
        db.execute("create table known as select distinct record_id, entity_id from truth where entity_id is not null")
        records, distinct = db.sql("select count(*), count(distinct record_id) from known").fetchone()
        if not records or records > distinct:
            reason = "is empty" if not records else f"puts {records - distinct:,} records into two entities or more"
            raise UnusableTruth(f"the truth {reason}; give one row per record with its record_id and entity_id")
        db.execute("""
            create table seated as
            select record_id, entity_id, coalesce(cluster_id, 'alone ' || record_id) as cluster_id
            from known left join clusters using (record_id)
        """)
        return Quality(records, *_counts(db), *_shares(db), *_mixtures(db), _fallen(db, traps))


def _counts(db: duckdb.DuckDBPyConnection) -> tuple[int, int]:
    return db.sql("select count(distinct cluster_id), count(distinct entity_id) from seated").fetchone()


def _shares(db: duckdb.DuckDBPyConnection) -> tuple[float, float, float]:
    pairs = "select coalesce(sum(n * (n - 1) / 2), 0) from (select count(*) as n from seated group by {})"
    right, found, real = (
        db.sql(pairs.format(by)).fetchone()[0] for by in ("cluster_id, entity_id", "cluster_id", "entity_id")
    )
    purity, completeness = db.sql("""
        select avg(count / cluster_size), avg(count / entity_size)
        from (
            select
                count(*) over (partition by cluster_id, entity_id) as count,
                count(*) over (partition by cluster_id) as cluster_size,
                count(*) over (partition by entity_id) as entity_size
            from seated
        )
    """).fetchone()
    b_cubed = 2 * purity * completeness / (purity + completeness)
    return (right / found if found else 1.0), (right / real if real else 1.0), b_cubed


def _mixtures(db: duckdb.DuckDBPyConnection) -> tuple[int, int]:
    query = "select count(distinct entity_id) as entities, count(*) as records from seated group by cluster_id"
    return db.sql(f"select count(*) filter (where entities > 1), max(records) from ({query})").fetchone()


def _fallen(db: duckdb.DuckDBPyConnection, traps: pa.Table | None) -> dict[str, tuple[int, int]]:
    if traps is None:
        return {}
    db.register("traps", traps)
    rows = db.sql("""
        select kind, count(*), count(*) filter (where l.cluster_id = r.cluster_id)
        from traps
        join seated as l on l.record_id = traps.record_id
        join seated as r on r.record_id = traps.other_record_id
        group by kind
        order by kind
    """).fetchall()
    return {kind: (planted, fallen) for kind, planted, fallen in rows}


def score_estate(settings: Settings) -> dict[str, Quality]:
    """How well the last build did on the simulated retailer, by `customers` and `variants`. Raises UnusableTruth."""
    folder = _truth(settings)
    truths = {
        "customers": ("customers", "customer_id", "person_id"),
        "variants": ("products", "variant_id", "variant_id"),
    }
    scored = {}
    for name, (domain, golden, entity) in truths.items():
        ids = pq.read_table(
            settings.exports / "matched" / f"matched_{domain}__ids.parquet", columns=["record_id", golden]
        )
        truth = pq.read_table(folder / f"{name}.parquet").select(["record_id", entity])
        traps = pq.read_table(folder / "traps.parquet") if name == "customers" else None
        scored[name] = score(
            ids.rename_columns(["record_id", "cluster_id"]), truth.rename_columns(["record_id", "entity_id"]), traps
        )
    return scored


def report(settings: Settings) -> Iterator[str]:
    """`score_estate` as readable lines."""
    for name, quality in score_estate(settings).items():
        yield f"{name}: {quality.records:,} records, {quality.found:,} found, {quality.really:,} in truth"
        yield (
            f"  precision {quality.precision:.4f}  recall {quality.recall:.4f}  F1 {quality.f1:.4f}"
            f"  B-cubed {quality.b_cubed:.4f}  mixed clusters {quality.mixed:,}  largest {quality.largest}"
        )
        for kind, (planted, fallen) in quality.traps.items():
            yield f"  {kind.replace('_', ' ')}: {fallen} of {planted:,} pairs merged that must stay apart"


def _truth(settings: Settings) -> Path:
    folders = [path.parent for path in settings.estate.glob("*/truth/customers.parquet")]
    if not folders:
        raise UnusableTruth(f"no truth under {settings.estate.name}/; run `assay estate generate` first")
    return max(folders, key=lambda folder: (folder / "customers.parquet").stat().st_mtime)
