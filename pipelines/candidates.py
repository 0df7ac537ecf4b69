"""Pairs of look-alike records as numbers, the fit of their features' weights, and the table that says these."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines import logistic, rivals
from pipelines.logistic import Fit

SIGNS = {"for": (0.0, np.inf), "against": (-np.inf, 0.0), "either": (-np.inf, np.inf)}
_BIT = float(np.log(2))


class Pairs(NamedTuple):
    """Candidates as numbers: `values` is pairs x features; `one`, `other` are those of one record in one system across.

    `systems` names the systems of both records, `records` (pairs x 2) numbers the records. What is `barred` is
    different and never linked: it is nobody's rival.
    """

    one: rivals.Rivals
    other: rivals.Rivals
    values: np.ndarray
    systems: tuple[np.ndarray, np.ndarray]
    barred: np.ndarray
    records: np.ndarray

    def rivals(self, score: np.ndarray) -> np.ndarray:
        """The score of each pair that may be linked; what is barred comes last."""
        return np.where(self.barred, -np.inf, score)

    def scored(self, leads: np.ndarray, fit: Fit) -> np.ndarray:
        """The log odds of each pair with such leads (pairs x 2)."""
        return self.alike(fit.weights[:-2]) + leads @ fit.weights[-2:] + fit.constant

    def alike(self, weights: np.ndarray) -> np.ndarray:
        """The weighed sum of each pair's features."""
        return (self.values @ weights.astype(self.values.dtype)).astype(float)


class Seen(NamedTuple):
    """Rows to learn from: places of pairs, their leads (rows x 2), how likely the same, and how often each counts."""

    places: np.ndarray
    leads: np.ndarray
    known: np.ndarray | float
    counts: np.ndarray | float = 1.0


def read_pairs(table: pa.Table, features: Sequence[dict]) -> Pairs:
    """The pairs of `table` (one_no, other_no, their systems and one column per declared feature), in one order."""
    table = table.take(
        pc.sort_indices(table.select(["one_no", "other_no"]), [("one_no", "ascending"), ("other_no", "ascending")])
    )
    names = pa.chunked_array([*table["one_system"].chunks, *table["other_system"].chunks], pa.string()).unique()
    names = names.take(pc.sort_indices(names))
    systems = [pc.index_in(table[name], names).to_numpy() for name in ("one_system", "other_system")]
    records = np.c_[table["one_no"].to_numpy(), table["other_no"].to_numpy()]
    numbers = [np.unique(records[:, side], return_inverse=True)[1] for side in (0, 1)]
    groups = [rivals.group(numbers[side] * len(names) + systems[1 - side]) for side in (0, 1)]
    values = np.empty((len(table), len(features)), np.float32)
    for place, feature in enumerate(features):
        values[:, place] = table[feature["name"]].to_numpy()
    barred = (values[:, [bool(feature.get("bars")) for feature in features]] > 0).any(axis=1)
    named = np.array(names.to_pylist(), dtype=str)
    return Pairs(*groups, values, tuple(named[of] for of in systems), barred, records)


def limits(features: Sequence[dict]) -> list[tuple[float, float]]:
    """Between what the weight of each feature may lie: no sign is learnt against what it is declared to speak for."""
    return [SIGNS[feature["speaks"]] for feature in features]


def fit(pairs: Pairs, seen: list[Seen], limits: list, shrink: float, begin: Fit | None = None) -> Fit:
    """Weights of features and leads by which what is `seen` is told apart."""
    places = np.concatenate([one.places for one in seen])
    leads = np.concatenate([one.leads for one in seen])
    known, counts = (
        np.concatenate([np.broadcast_to(told, len(one.places)) for one, told in zip(seen, said, strict=True)])
        for said in ([one.known for one in seen], [one.counts for one in seen])
    )
    chosen = logistic.evenly(len(places))
    values = np.c_[pairs.values[places[chosen]], leads[chosen]]
    return logistic.fit(values, known[chosen], counts[chosen] * len(places) / len(chosen), limits, shrink, begin)


def row(feature: str, similarity: float, weight: float) -> dict:
    """A row of `as_table`: a feature's weight in the similarity that leads are measured by, and in the score."""
    return {"feature": feature, "similarity": float(f"{similarity:.6g}"), "weight": float(f"{weight:.6g}")}


def in_bits(feature: str, similarity: float, weight: float) -> dict:
    """The same of a weight that is in natural units."""
    return row(feature, similarity, weight / _BIT)


def as_table(rows: list[dict]) -> pa.Table:
    """Rows of weights with the version that they make; equal rows make one version."""
    version = hashlib.sha256(json.dumps(rows).encode()).hexdigest()[:12]
    schema = pa.schema(
        [
            ("model_version", pa.string()),
            ("feature", pa.string()),
            ("similarity", pa.float64()),
            ("weight", pa.float64()),
        ]
    )
    return pa.Table.from_pylist([{"model_version": version, **row} for row in rows], schema=schema)
