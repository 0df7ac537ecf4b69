"""What the matching expects of itself: the share of joined pairs that are right, and what each threshold is worth.

Probabilities are calibrated on stewards' labels where there are enough of them, and are the model's own, said to be so,
where there are none.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import duckdb
import numpy as np

from pipelines import calibration

THRESHOLDS = ("lone_bits", "stop_bits", "review_bits")
DOUBTFUL = 0.95
"""Pairs less probable than that are asked what others of their cluster say of them."""
LEAST_LABELS = 50
"""Fewer labels calibrate nothing: two parameters would follow the luck of the draw."""


class Label(NamedTuple):
    """What a steward said of a sampled pair, and for how many pairs it stands."""

    left: str
    right: str
    same: bool
    stands_for: float


def of_build(db: duckdb.DuckDBPyConnection, domain: str, labels: Sequence[Label], limits: dict) -> dict:
    """`expected` precision of the joined pairs of a build, `labels` behind it, probability at each of `thresholds`.

    Two records that say little of each other are one party as surely as both are one with a third of their cluster,
    less what speaks against them.
    """
    joined = db.execute(f"""
        with seats as (
            select record_no, cluster_id
            from matched.matched_{domain}__clusters join matched.matched_{domain}__evidence using (record_id)
        ),

        joined as (
            select left_no, right_no, bits, 1 / (1 + pow(2, -bits)) as probability
            from matched.matched_{domain}__within as within
            join seats as l on within.left_no = l.record_no
            join seats as r on within.right_no = r.record_no and l.cluster_id = r.cluster_id
        ),

        links as (
            select left_no as here, right_no as there, probability from joined where bits > 0
            union all
            select right_no, left_no, probability from joined where bits > 0
        ),

        thirds as (
            select joined.left_no, joined.right_no, least(max(l.probability * r.probability), 1 - 1e-9) as probability
            from joined
            join links as l on l.here = joined.left_no
            join links as r on r.here = l.there and r.there = joined.right_no
            where joined.probability < {DOUBTFUL}
            group by joined.left_no, joined.right_no
        ),

        unseen as (
            select coalesce(max(log2(match / (1 - match))), 0) as bits
            from matched.matched_{domain}__model
            where comparison = 'prior'
        )

        select greatest(
            -60,
            least(60, joined.bits),
            log2(thirds.probability / (1 - thirds.probability)) + least(0, joined.bits - unseen.bits)
        ) as bits
        from joined
        cross join unseen
        left join thirds using (left_no, right_no)
    """).fetchnumpy()["bits"]
    known = with_bits(db, domain, labels)
    return expect(np.asarray(joined, float), known, limits)


def expect(joined: np.ndarray, known: Sequence[tuple[float, Label]], limits: dict) -> dict:
    """The same from the bits of joined pairs, the labels with their bits, and the declared thresholds."""
    curve, labels = fitted(known)
    at = {name: round(float(curve.probability(np.array([limits[name]], float))[0]), 4) for name in THRESHOLDS}
    expected = float(curve.probability(joined).mean()) if len(joined) else None
    return {"expected": expected, "labels": labels, "thresholds": at}


def fitted(known: Sequence[tuple[float, Label]]) -> tuple[calibration.Calibration, int]:
    """What bits are worth by labels with their bits, and how many say so: 0, and the model is taken at its word."""
    both = {label.same for _, label in known} == {True, False}
    if not both or len(known) < LEAST_LABELS:
        return calibration.AT_ITS_WORD, 0
    bits, said = zip(*known, strict=True)
    same, weights = np.array([one.same for one in said], float), np.array([one.stands_for for one in said])
    return calibration.fit(np.array(bits), same, weights), len(known)


def lines(domain: str, told: dict) -> list[str]:
    """What a build expects of its matching, for a terminal or a gate."""
    queue = []
    if told.get("compared"):
        share = told["waiting"] / told["compared"]
        queue = [f"  {told['waiting']:,} cases wait for a person, {share:.2%} of {told['compared']:,} pairs compared"]
    queue += [f"  {line}" for line in told.get("shared_by_too_many", [])]
    if told["expected"] is None:
        return [f"{domain}: no two records were joined", *queue]
    basis = (
        f"calibrated on {told['labels']} labels" if told["labels"] else "by the model alone, too few labels say more"
    )
    at = ", ".join(f"{name} {value:.2f}" for name, value in told["thresholds"].items())
    return [
        f"{domain}: of the pairs joined {told['expected']:.3f} are expected to be right ({basis}); worth of {at}",
        *queue,
    ]


def with_bits(db: duckdb.DuckDBPyConnection, domain: str, labels: Sequence[Label]) -> list[tuple[float, Label]]:
    """Each label with today's bits of its pair, without those whose pairs are no longer compared."""
    found = _bits(db, domain, labels)
    return [(bits, label) for bits, label in zip(found, labels, strict=True) if bits is not None]


def _bits(db: duckdb.DuckDBPyConnection, domain: str, labels: Sequence[Label]) -> list[float | None]:
    """Today's bits of each labelled pair; None for one that is no longer compared."""
    if not labels:
        return []
    db.execute("create or replace temp table labelled (place integer, l varchar, r varchar)")
    db.executemany("insert into labelled values (?, ?, ?)", [(n, one.left, one.right) for n, one in enumerate(labels)])
    rows = db.execute(f"""
        with scored as (
            select left_no, right_no, bits from matched.matched_{domain}__scores
            union all
            select left_no, right_no, bits from matched.matched_{domain}__within where isfinite(bits)
        ),

        named as (select record_no, record_id from matched.matched_{domain}__evidence)

        select place, max(bits)
        from labelled
        join named as l on labelled.l = l.record_id
        join named as r on labelled.r = r.record_id
        join scored on left_no = least(l.record_no, r.record_no) and right_no = greatest(l.record_no, r.record_no)
        group by place
    """).fetchall()
    found = dict(rows)
    return [found.get(place) for place in range(len(labels))]
