"""How good the matching of the last build is, from what stewards said on a sample, and what it lets be published.

A sample is drawn at random within strata of today's pairs (joined or apart, by bits) and remembered in the ledger;
stewards' decisions on its pairs are labels, whatever else they do. Pairs that no block brought together are not seen.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa

from pipelines import audit, decisions, expectation, explain, ledger, thresholds
from pipelines.crowds import crowds, worth_telling
from pipelines.ledger import open_ledger
from pipelines.lineage import NotFound
from pipelines.matching import declared
from pipelines.resources import Settings

STRATA = "case when joined then 'joined ' else 'apart ' end || case when bits < 3 then 'low' else 'high' end"
LEAST_BITS = -6
"""Pairs apart with fewer bits are taken for different: one in 64 of them, at the very most, by the model's own word."""
DOUBT = 0.05


@dataclass(frozen=True)
class Stratum:
    """Pairs of one kind at the time of drawing: how many there were, how many have a label, how many of those match."""

    joined: bool
    pairs: int
    labels: int
    same: int


@dataclass(frozen=True)
class Share:
    """An estimated share with its 95 % confidence bounds."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f})"


@dataclass(frozen=True)
class Quality:
    """What the labels of the newest sample say of a domain; shares are None where a kind of pair has no label yet."""

    labels: int
    precision: Share | None
    recall: Share | None
    model: str | None = None


def draw(settings: Settings, domain: str, size: int, at: datetime, by: str) -> list[explain.Pair]:
    """Pairs of the newest sample without a label, at most `size`, or of a new one of `size`, in random order.

    A new one is drawn if all have theirs, or if another model is in use since: it says nothing of what that joins.
    Raises NotFound where nothing was compared.
    """
    with explain.warehouse(settings) as db:
        model = db.execute(f"select min(model_version) from matched.matched_{domain}__model").fetchone()[0]
        drawn = _sampled(settings, domain)
        if drawn and drawn[0].model_version == model and (waiting := _unlabelled(settings, domain)):
            return waiting[:size]
        rows = db.execute(_drawing(domain), {"size": size, "seed": at.isoformat()}).fetchall()
    if not rows:
        raise NotFound(f"no pair of {domain} was compared in the last build, so there is none to draw")
    table, when = ledger.review_samples, audit.naive(at)
    sample_id = f"sample-{domain}-{when:%Y%m%dT%H%M%S}"
    with open_ledger(settings.ledger_url).begin() as connection:
        connection.execute(
            table.insert(),
            [
                {
                    "sample_id": sample_id,
                    "domain": domain,
                    "left_record_id": left,
                    "right_record_id": right,
                    "stratum": stratum,
                    "pairs": pairs,
                    "joined": joined,
                    "model_version": model,
                    "drawn_at": when,
                }
                for left, right, joined, stratum, pairs in rows
            ],
        )
        audit.append(connection, by, "draw sample", {"sample": sample_id, "pairs": len(rows)}, at)
    return _unlabelled(settings, domain)


def measure(settings: Settings, domain: str, seeds: Path | None = None) -> Quality:
    """Precision of the pairs joined when the newest sample was drawn, and recall among compared pairs.

    A pair on which stewards contradict each other is no label, and waits to be asked again.
    `seeds` is the folder of the decisions, the project's own by default.
    """
    rows = _sampled(settings, domain)
    said = decisions.verdicts(domain, seeds)
    seen: dict[tuple, Counter] = {}
    for row in rows:
        told = said.get(tuple(sorted((row.left_record_id, row.right_record_id))))
        counts = seen.setdefault((row.stratum, bool(row.joined), row.pairs), Counter())
        counts[told] += 1
    strata = [
        Stratum(joined, pairs, counts["must"] + counts["cannot"], counts["must"])
        for (_, joined, pairs), counts in sorted(seen.items())
    ]
    precision, recall = estimate(strata)
    model = rows[0].model_version if rows else None
    return Quality(sum(stratum.labels for stratum in strata), precision, recall, model)


def estimate(strata: Sequence[Stratum]) -> tuple[Share | None, Share | None]:
    """(precision, recall). Bounds are Clopper and Pearson's at the sample size that strata leave (Korn and Graubard).

    Those of recall take the worse bound of both kinds of pairs, so they are wider than 95 %. None without labels.
    """
    joined = _share([stratum for stratum in strata if stratum.joined])
    apart = _share([stratum for stratum in strata if not stratum.joined])
    if joined is None:
        return None, None
    found, missed = (sum(s.pairs for s in strata if s.joined == kind) for kind in (True, False))
    if apart is None:
        return joined, Share(1.0, 1.0, 1.0) if not missed else None

    def recall(hit: float, miss: float) -> float:
        total = found * hit + missed * miss
        return found * hit / total if total else 1.0

    bounds = recall(joined.low, apart.high), recall(joined.high, apart.low)
    return joined, Share(recall(joined.value, apart.value), *bounds)


def _share(strata: Sequence[Stratum]) -> Share | None:
    """The share of matches among all pairs of some strata."""
    strata = [stratum for stratum in strata if stratum.pairs]
    if not strata or any(not stratum.labels for stratum in strata):
        return None
    total = sum(stratum.pairs for stratum in strata)
    weights = [stratum.pairs / total for stratum in strata]
    shares = [stratum.same / stratum.labels for stratum in strata]
    value = sum(weight * share for weight, share in zip(weights, shares, strict=True))
    variance = sum(w * w * p * (1 - p) / s.labels for w, p, s in zip(weights, shares, strata, strict=True))
    even = 1 / sum(weight * weight / stratum.labels for weight, stratum in zip(weights, strata, strict=True))
    size = min(value * (1 - value) / variance, even) if variance else even
    from scipy.special import betaincinv  # slow to load, and no build needs it

    hits = value * size
    low = float(betaincinv(hits, size - hits + 1, DOUBT / 2)) if hits > 0 else 0.0
    high = float(betaincinv(hits + 1, size - hits, 1 - DOUBT / 2)) if size - hits > 1e-9 else 1.0
    return Share(value, low, high)


def of_build(settings: Settings, domain: str, seeds: Path | None = None) -> dict:
    """What the build in the warehouse expects of a domain's matching, its model, its largest cluster and its queue."""
    with explain.warehouse(settings) as db:
        model = db.execute(f"select min(model_version) from matched.matched_{domain}__model").fetchone()[0]
        largest = db.execute(
            f"select cluster_id, count(*) as records from matched.matched_{domain}__clusters "
            "group by cluster_id order by records desc, cluster_id limit 1"
        ).fetchone()
        limits = thresholds.limits(open_ledger(settings.ledger_url), domain)
        given = _labels(settings, domain, model, seeds)
        told = expectation.of_build(db, domain, given, limits) | {"given": len(given)}
        waiting, compared = db.execute(
            f"select (select count(*) from matched.matched_{domain}__review), "
            f"(select count(*) from matched.matched_{domain}__scores)"
        ).fetchone()
        shared = [crowd.line(openly=False) for crowd in worth_telling(domain, crowds(db, domain))]
    where, records = largest or (None, 0)
    told |= {"waiting": waiting, "compared": compared, "shared_by_too_many": shared}
    return {**told, "model": model, "largest": records, "where": where}


def labelled(settings: Settings, domain: str) -> list[tuple[float, expectation.Label]]:
    """The labels of the newest sample of the model in the warehouse, each with the bits of its pair."""
    with explain.warehouse(settings) as db:
        model = db.execute(f"select min(model_version) from matched.matched_{domain}__model").fetchone()[0]
        return expectation.with_bits(db, domain, _labels(settings, domain, model, None))


def record(settings: Settings) -> None:
    """Note `of_build` of each domain that has been matched beside the exports, after a build."""
    told = {}
    for domain in explain.DOMAINS:
        with contextlib.suppress(explain.NotBuilt):
            told[domain] = of_build(settings, domain)
    path = settings.exports / "quality.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(told, indent=1))
    os.replace(partial, path)


def expectations(settings: Settings) -> list[str]:
    """What the last build expects of its matching, by domain, and whether labels came or went since."""
    path = settings.exports / "quality.json"
    if not path.exists():
        return ["nothing has been built yet; run `assay build`"]
    lines = []
    for domain, told in json.loads(path.read_bytes()).items():
        lines += expectation.lines(domain, told)
        given = len(_labels(settings, domain, told.get("model"), None))
        if given != told.get("given", given):
            since = f"which knew {told['given']} labels; there are {given} now: run `assay build`"
            lines.append(f"  that rests on the last build, {since}")
    return lines


def objections(settings: Settings, domain: str) -> tuple[list[str], list[str]]:
    """(why a domain may not be published, what else is worth saying), by the limits in matching/<domain>.yml."""
    path = settings.exports / "quality.json"
    if domain not in explain.DOMAINS or not path.exists():
        return [], []
    told = json.loads(path.read_bytes())
    if domain not in told:
        return [f"{domain} have not been matched yet; run `assay build`"], []
    return judge(settings, domain, told[domain])


def judge(settings: Settings, domain: str, built: dict, seeds: Path | None = None) -> tuple[list[str], list[str]]:
    """The same of what `of_build` told, and by the decisions in `seeds`."""
    limits = declared(domain)["quality"]
    closed, notes = [], built.get("shared_by_too_many", [])[:]
    if built["largest"] > limits["largest_cluster"]:
        closed.append(
            f"the cluster around {built['where']} has {built['largest']:,} records, more than the "
            f"{limits['largest_cluster']:,} allowed; split it with `assay review`"
        )
    found = measure(settings, domain, seeds)
    if found.model and built.get("model") and found.model != built["model"]:
        notes.append(
            f"the {found.labels} labels of {domain} measure model {found.model}, and model {built['model']} is in use; "
            "`assay review --sample` draws anew"
        )
        found = Quality(0, None, None)
    if found.labels < limits["labels"] or found.precision is None or found.recall is None:
        notes.append(
            f"{found.labels} of {limits['labels']} labels: too few to measure the matching of {domain}; until "
            f"`assay review --sample {limits['labels']}` has them, the size limit and the model's own expectation hold"
        )
        if built["expected"] is not None and built["expected"] < limits["expected_precision"]:
            closed.append(
                f"the matching expects of itself a precision of {built['expected']:.3f}, "
                f"below {limits['expected_precision']}, and there are too few labels to know better; "
                f"`assay review --sample {limits['labels']}` asks for them"
            )
        for name, share in (("precision", found.precision), ("recall", found.recall)):
            if share and share.high < limits[name]:
                closed.append(
                    f"{name} of matching is {share} by {found.labels} labels, few as they are; even its upper bound is "
                    f"below {limits[name]}: `assay match calibrate {domain}` and `assay review` say where it errs"
                )
        return closed, notes
    for name, share in (("precision", found.precision), ("recall", found.recall)):
        if share.low < limits[name]:
            closed.append(
                f"{name} of matching is {share} by {found.labels} labels; its lower bound is below {limits[name]}: "
                f"`assay match calibrate {domain}` says what the labels ask for, and a larger `assay review --sample` "
                "narrows the bounds"
            )
    return closed, notes


def _drawing(domain: str) -> str:
    return f"""
        with seats as (
            select record_no, record_id, cluster_id
            from matched.matched_{domain}__clusters join matched.matched_{domain}__evidence using (record_id)
        ),
        scored as (
            select left_no, right_no, bits from matched.matched_{domain}__scores
            union
            select left_no, right_no, bits from matched.matched_{domain}__within where isfinite(bits)
        ),
        paired as (
            select l.record_id as l, r.record_id as r, l.cluster_id = r.cluster_id as joined, max(scored.bits) as bits
            from scored
            join seats as l on scored.left_no = l.record_no
            join seats as r on scored.right_no = r.record_no
            group by all
        ),
        placed as (
            select
                l,
                r,
                joined,
                {STRATA} as stratum,
                count(*) over (partition by {STRATA}) as pairs,
                row_number() over (partition by {STRATA} order by md5($seed || l || r), l, r) as place
            from paired
            where joined or bits >= {LEAST_BITS}
        )

        select l, r, joined, stratum, pairs
        from placed
        qualify row_number() over (order by place, stratum) <= $size
        order by md5(r || $seed || l), l, r
    """


def _sampled(settings: Settings, domain: str) -> list[sa.Row]:
    """The pairs of the newest sample."""
    table = ledger.review_samples
    newest = (
        sa.select(table.c.sample_id)
        .where(table.c.domain == domain)
        .order_by(table.c.drawn_at.desc(), table.c.sample_id.desc())
        .limit(1)
    )
    with open_ledger(settings.ledger_url).connect() as connection:
        query = sa.select(table).where(table.c.sample_id == newest.scalar_subquery())
        return list(connection.execute(query.order_by(table.c.left_record_id, table.c.right_record_id)))


def _labels(settings: Settings, domain: str, model: str, seeds: Path | None) -> list[expectation.Label]:
    """The labels of the newest sample if it was drawn from this model, each with the pairs that it stands for."""
    rows = [row for row in _sampled(settings, domain) if row.model_version == model]
    said = decisions.verdicts(domain, seeds)
    told = [(row, said.get(tuple(sorted((row.left_record_id, row.right_record_id))))) for row in rows]
    told = [(row, word) for row, word in told if word in ("must", "cannot")]
    of_stratum = Counter(row.stratum for row, _ in told)
    return [
        expectation.Label(row.left_record_id, row.right_record_id, word == "must", row.pairs / of_stratum[row.stratum])
        for row, word in told
    ]


def _unlabelled(settings: Settings, domain: str) -> list[explain.Pair]:
    """The pairs of the newest sample that still wait for a label, shuffled, for everybody alike."""
    labelled = {pair for pair, word in decisions.verdicts(domain).items() if word != "later"}
    pairs = [(row.left_record_id, row.right_record_id) for row in _sampled(settings, domain)]
    waiting = [pair for pair in pairs if tuple(sorted(pair)) not in labelled]
    return sorted(waiting, key=lambda pair: hashlib.sha256("|".join(pair).encode()).digest())
