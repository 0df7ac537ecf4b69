"""Precision over recall as the threshold on a pair's score moves: as points, as CSV, and as a drawing.

What blocking never compared is never recalled, so a curve ends where blocking does.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import duckdb
import numpy as np
import pyarrow as pa

from pipelines.labels import Labels
from pipelines.mapping import UnusableInput

COLOURS = ("#0b62a4", "#c2410c", "#15803d", "#7e22ce", "#b91c1c", "#0f766e", "#a16207", "#4b5563")
WIDTH, HEIGHT, MARGIN = 720, 520, 56


class Point(NamedTuple):
    """Precision and recall of the pairs whose evidence is at least so many bits."""

    bits: float
    precision: float
    recall: float


def precision_over_recall(scores: pa.Table, known: Labels) -> list[Point]:
    """A point per half bit, best first; `scores` has left_id, right_id, bits."""
    with duckdb.connect() as db:
        judged = _judged(db, scores, known)
        real = "select sum(n * (n - 1) / 2) from (select count(*) as n from entities group by entity_id)"
        total = (len(known.pairs) if known.pairs is not None else db.sql(real).fetchone()[0]) or 1
        step = "floor(least(greatest(bits, -20), 60) * 2)"
        counts = f"select {step} as step, count(*) as found, count(*) filter (same) as same from ({judged}) group by 1"
        upto = "over (order by step desc)"
        rows = db.sql(f"select step / 2, sum(same) {upto}, sum(found) {upto} from ({counts}) order by step desc")
        return [Point(bits, right / found, right / total) for bits, right, found in rows.fetchall()]


def joined_to_truth(scores: pa.Table, known: Labels) -> tuple[np.ndarray, np.ndarray]:
    """Bits of each compared pair of which something is known, and whether it is the same."""
    with duckdb.connect() as db:
        judged = _judged(db, scores, known)
        found = db.sql(f"select bits, same from ({judged}) order by left_id, right_id").to_arrow_table()
    return found["bits"].to_numpy(), found["same"].to_numpy(zero_copy_only=False).astype(bool)


def _judged(db: duckdb.DuckDBPyConnection, scores: pa.Table, known: Labels) -> str:
    """A query for left_id, right_id and bits of each compared pair of which something is known, and same."""
    db.register("scores", scores)
    db.register("entities", known.entities)
    same, across = "l.entity_id = r.entity_id", "true"
    if known.pairs is not None:
        db.register("pairs", known.pairs)
        both = "(least(left_id, right_id), greatest(left_id, right_id))"
        same = f"{both} in (select {both} from pairs)"
        across = "split_part(left_id, ':', 1) <> split_part(right_id, ':', 1)"
    return f"""
        select left_id, right_id, bits, {same} as same
        from scores
        join entities as l on left_id = l.record_id
        join entities as r on right_id = r.record_id
        where {across}
    """


def refuse_other_endings(path: Path) -> None:
    """Raises UnusableInput where a curve cannot be written as the name says."""
    if path.suffix not in (".csv", ".svg"):
        raise UnusableInput(f"--curve {path.name}: a curve is written as .csv or .svg")


def write(path: Path, curves: Mapping[str, Sequence[Point]]) -> None:
    """The curves of several sets as .csv or .svg. Raises UnusableInput for another ending."""
    refuse_other_endings(path)
    if path.suffix == ".csv":
        with path.open("w", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(["set", *Point._fields])
            rows.writerows([name, *point] for name, points in curves.items() for point in points)
    else:
        path.write_text(drawing(curves), encoding="utf-8")


def drawing(curves: Mapping[str, Sequence[Point]]) -> str:
    """One line per set in a square of precision over recall."""
    across, up = WIDTH - 2 * MARGIN - 140, HEIGHT - 2 * MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-size="12">',
        "<style>text {font-family: sans-serif}</style>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        f'<text x="{MARGIN + across / 2}" y="{HEIGHT - 14}" text-anchor="middle">recall</text>',
        f'<text transform="translate(16 {MARGIN + up / 2}) rotate(-90)" text-anchor="middle">precision</text>',
    ]
    for tenth in range(11):
        x, y = MARGIN + across * tenth / 10, MARGIN + up * (1 - tenth / 10)
        parts.append(f'<path d="M{x:.1f} {MARGIN}V{MARGIN + up}M{MARGIN} {y:.1f}H{MARGIN + across}" stroke="#ddd"/>')
        parts.append(f'<text x="{x:.1f}" y="{MARGIN + up + 16}" text-anchor="middle">{tenth / 10}</text>')
        parts.append(f'<text x="{MARGIN - 6}" y="{y + 4:.1f}" text-anchor="end">{tenth / 10}</text>')
    for n, (name, points) in enumerate(curves.items()):
        colour = COLOURS[n % len(COLOURS)]
        line = " ".join(f"{MARGIN + across * p.recall:.1f},{MARGIN + up * (1 - p.precision):.1f}" for p in points)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts.append(f'<text x="{MARGIN + across + 16}" y="{MARGIN + 16 * (n + 1)}" fill="{colour}">{name}</text>')
    return "\n".join([*parts, "</svg>"])
