"""Scores clusters against a truth: pairs, B-cubed, mixed clusters, traps. Nothing that decides reads a truth.

Pairs are counted over all records of the truth, so what blocking never compared counts as missed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines import calibration, labels, trial
from pipelines.calibration import Reliability
from pipelines.crowds import Crowd, worth_telling
from pipelines.curve import Point, joined_to_truth, precision_over_recall
from pipelines.mapping import Mapping, UnusableInput
from pipelines.resources import Settings

AUTOMATIC = 0.97


@dataclass(frozen=True)
class Quality:
    """How good clusters are. Shares are 0 to 1; `traps` holds (planted, fallen into) by kind of trap.

    Where no two records of the truth are one, nothing could be missed: then `recall` and `f1` are None.
    """

    records: int
    found: int
    really: int
    precision: float
    recall: float | None
    b_cubed_precision: float
    b_cubed_recall: float
    mixed: int
    largest: int
    largest_really: int
    traps: dict[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def f1(self) -> float | None:
        return harmonic(self.precision, self.recall)

    @property
    def b_cubed(self) -> float:
        return harmonic(self.b_cubed_precision, self.b_cubed_recall)


def harmonic(precision: float, recall: float | None) -> float | None:
    """F1 of two shares; 0 where both are, None without a recall."""
    if recall is None:
        return None
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def score(clusters: pa.Table, truth: pa.Table, traps: pa.Table | None = None, pairs: pa.Table | None = None) -> Quality:
    """Compare `clusters` (record_id, cluster_id) with `truth` (record_id, entity_id).

    A record of the truth that no cluster holds is alone. `traps` (record_id, other_record_id, kind) are pairs that
    must stay apart. `pairs` (left_id, right_id) are all that is the same across two files where nothing is known of
    pairs within one: then pairs across files alone are counted. Raises UnusableInput when the truth is empty or puts
    one record into two entities.
    """
    with duckdb.connect() as db:
        db.register("clusters", clusters)
        db.register("truth", truth)
        db.execute("create table known as select distinct record_id, entity_id from truth where entity_id is not null")
        records, distinct = db.sql("select count(*), count(distinct record_id) from known").fetchone()
        if not records or records > distinct:
            reason = "is empty" if not records else f"puts {records - distinct:,} records into two entities or more"
            raise UnusableInput(f"the truth {reason}; give one row per record with its record_id and entity_id")
        db.execute("""
            create table seated as
            select record_id, entity_id, coalesce(cluster_id, 'alone ' || record_id) as cluster_id
            from known left join clusters using (record_id)
        """)
        counted = _across(db, pairs) if pairs is not None else _within(db)
        return Quality(records, *_counts(db), *counted, *_b_cubed(db), *_mixtures(db), _fallen(db, traps))


def _counts(db: duckdb.DuckDBPyConnection) -> tuple[int, int]:
    return db.sql("select count(distinct cluster_id), count(distinct entity_id) from seated").fetchone()


def _within(db: duckdb.DuckDBPyConnection) -> tuple[float, float | None]:
    pairs = "select coalesce(sum(n * (n - 1) / 2), 0) from (select count(*) as n from seated group by {})"
    right, found, real = (
        db.sql(pairs.format(by)).fetchone()[0] for by in ("cluster_id, entity_id", "cluster_id", "entity_id")
    )
    return _shares(right, found, real)


def _across(db: duckdb.DuckDBPyConnection, pairs: pa.Table) -> tuple[float, float | None]:
    db.register("same", pairs)
    found = db.sql("""
        select coalesce(sum(n), 0) from (
            select count(*) filter (record_id like 'file1:%') * count(*) filter (record_id not like 'file1:%') as n
            from seated group by cluster_id
        )
    """).fetchone()[0]
    right, real = db.sql("""
        select count(*) filter (l.cluster_id = r.cluster_id), count(*)
        from same join seated as l on left_id = l.record_id join seated as r on right_id = r.record_id
    """).fetchone()
    return _shares(right, found, real)


def _shares(right: int, found: int, real: int) -> tuple[float, float | None]:
    return (right / found if found else 1.0), (right / real if real else None)


def _b_cubed(db: duckdb.DuckDBPyConnection) -> tuple[float, float]:
    return db.sql("""
        select avg(count / cluster_size), avg(count / entity_size)
        from (
            select
                count(*) over (partition by cluster_id, entity_id) as count,
                count(*) over (partition by cluster_id) as cluster_size,
                count(*) over (partition by entity_id) as entity_size
            from seated
        )
    """).fetchone()


def _mixtures(db: duckdb.DuckDBPyConnection) -> tuple[int, int, int]:
    query = "select count(distinct entity_id) as entities, count(*) as records from seated group by cluster_id"
    mixed, largest = db.sql(f"select count(*) filter (where entities > 1), max(records) from ({query})").fetchone()
    really = db.sql("select max(n) from (select count(*) as n from seated group by entity_id)").fetchone()[0]
    return mixed, largest, really


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


@dataclass(frozen=True)
class Calibrated:
    """What scores are worth as probabilities: as the model believes (`raw`), and after so many labels (`mended`)."""

    labels: int
    raw: Reliability
    mended: Reliability

    def lines(self) -> Iterator[str]:
        """Both, for a terminal."""
        for name, r in (("without labels", self.raw), (f"{self.labels:,} labels", self.mended)):
            band = f"{r.automatic:,} pairs at {AUTOMATIC} or more, {r.precision:.4f} of them right"
            yield f"  probabilities, {name}: off by {r.error:.4f} on average; {band}"


@dataclass(frozen=True)
class Evaluation:
    """One set, matched and scored: quality, seconds of matching, and if asked precision over recall of its pairs."""

    name: str
    domain: str
    records: int
    quality: Quality
    seconds: float
    curve: list[Point]
    test: tuple[float, float | None] | None = None
    unread: dict[str, int] = field(default_factory=dict)
    empty: list[str] = field(default_factory=list)
    calibrated: Calibrated | None = None
    crowds: list[Crowd] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Plain numbers, for a file that another program reads."""
        quality = {**asdict(self.quality), "f1": self.quality.f1, "b_cubed_f1": self.quality.b_cubed}
        test = dict(zip(("precision", "recall"), self.test, strict=True)) if self.test else None
        if test:
            test["f1"] = harmonic(*self.test)
        told = {"set": self.name, "domain": self.domain, "records": self.records, "seconds": round(self.seconds, 1)}
        told |= {"quality": quality, "test": test, "unread": self.unread, "empty": self.empty, **self._probabilities()}
        return {**told, "shared_by_too_many": [crowd._asdict() for crowd in self.crowds]}

    def _probabilities(self) -> dict[str, Any]:
        c = self.calibrated
        return {} if c is None else {"calibration": {**asdict(c), "raw": c.raw._asdict(), "mended": c.mended._asdict()}}

    def lines(self) -> Iterator[str]:
        """The table of this set for a terminal."""
        q = self.quality
        yield f"{self.name}: {self.domain}, {self.records:,} records, matched in {self.seconds:.1f} s"
        yield "               precision   recall       F1"
        rows = {"pairs": (q.precision, q.recall), "B-cubed": (q.b_cubed_precision, q.b_cubed_recall)}
        rows |= {"published test": self.test} if self.test else {}
        for name, (precision, recall) in rows.items():
            yield f"  {name:<14} {_told(precision):>7}  {_told(recall):>7}  {_told(harmonic(precision, recall)):>7}"
        if q.recall is None:
            yield "  no two records of the truth are one: what was missed cannot be known; add pairs that are the same"
        largest = f"largest {q.largest}, truly {q.largest_really}"
        yield f"  clusters {q.found:,} of {q.really:,} entities, {q.mixed:,} mixed, {largest}"
        if q.records < self.records:
            rest = self.records - q.records
            yield f"  scored on {q.records:,} records; of the other {rest:,} the truth says nothing"
        if self.calibrated:
            yield from self.calibrated.lines()
        for name, count in self.unread.items():
            yield f"  {count:,} values of {name} could not be read as the mapping says, and were left out"
        if self.empty:
            yield f"  no record has {' or '.join(self.empty)}, though the mapping says where it stands"
        yield from (f"  {crowd.line()}" for crowd in worth_telling(self.domain, self.crowds))


def _told(share: float | None) -> str:
    return "unknown" if share is None else f"{share:.4f}"


def evaluate_set(
    home: Path,
    mapping: Mapping,
    records: Sequence[Path],
    truth: Sequence[Path],
    test: Path | None = None,
    drawn: int = 0,
    backend: str = "own",
    curve: bool = False,
) -> Evaluation:
    """Match a set in `home` without its labels, then score it with them. Raises UnusableInput, BuildFailed.

    Labels are read and held against the records first, so that one that cannot be used is told before the matching.
    """
    if backend == "splink" and mapping.domain != "customers":
        raise UnusableInput("the Splink backend matches customers only")
    laid = trial.lay(home, mapping, records)
    known = labels.read(mapping, truth, laid.records)
    tested = labels.read_tested(mapping, test, laid.records) if test else None
    matched = trial.run(laid, backend, scored=bool(curve or drawn))
    quality = score(matched.clusters, known.entities, pairs=known.pairs)
    return Evaluation(
        mapping.name,
        mapping.domain,
        len(laid.records),
        quality,
        matched.seconds,
        precision_over_recall(matched.scores, known) if curve else [],
        _on_split(matched.clusters, tested) if tested else None,
        laid.unread,
        laid.empty,
        _calibrated(matched.scores, known, drawn) if drawn else None,
        matched.crowds,
    )


def _calibrated(scores: pa.Table, known: labels.Labels, drawn: int) -> Calibrated | None:
    """Probabilities as a steward's `drawn` labels, even over the bands of score, would make them; None if no pairs."""
    bits, same = joined_to_truth(scores, known)
    if not len(bits):
        return None
    places, weights = calibration.sample(bits, drawn)
    fitted = calibration.fit(bits[places], same[places], weights)
    believed = 1 / (1 + np.exp2(-np.clip(bits, -60, 60)))
    judged = (calibration.reliability(p, same, AUTOMATIC) for p in (believed, fitted.probability(bits)))
    return Calibrated(len(places), *judged)


def _on_split(clusters: pa.Table, tested: pa.Table) -> tuple[float, float | None]:
    """Precision and recall over the labelled pairs of a split, as supervised matchers report them."""
    with duckdb.connect() as db:
        db.register("clusters", clusters)
        db.register("tested", tested)
        return _shares(
            *db.sql("""
                select
                    count(*) filter (same and l.cluster_id = r.cluster_id),
                    count(*) filter (l.cluster_id = r.cluster_id),
                    count(*) filter (same)
                from tested
                left join clusters as l on left_id = l.record_id
                left join clusters as r on right_id = r.record_id
            """).fetchone()
        )


def score_estate(settings: Settings) -> dict[str, Quality]:
    """How well the last build did on the simulated retailer, by `customers` and `variants`. Raises UnusableInput."""
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
            f"  precision {_told(quality.precision)}  recall {_told(quality.recall)}  F1 {_told(quality.f1)}"
            f"  B-cubed {quality.b_cubed:.4f}  mixed clusters {quality.mixed:,}  largest {quality.largest}"
        )
        for kind, (planted, fallen) in quality.traps.items():
            yield f"  {kind.replace('_', ' ')}: {fallen} of {planted:,} pairs merged that must stay apart"


def _truth(settings: Settings) -> Path:
    folders = [path.parent for path in settings.estate.glob("*/truth/customers.parquet")]
    if not folders:
        raise UnusableInput(f"no truth under {settings.estate.name}/; run `assay estate generate` first")
    return max(folders, key=lambda folder: (folder / "customers.parquet").stat().st_mtime)
