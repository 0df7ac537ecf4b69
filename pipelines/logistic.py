"""Logistic regression with a ridge and with signs that no weight may leave."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

MOST_ROWS = 100_000
"""Of more rows so many are looked at, evenly: some thirty weights are known from them as well."""


class Fit(NamedTuple):
    """A logistic model: log odds = constant + values @ weights."""

    weights: np.ndarray
    constant: float


def evenly(rows: int) -> np.ndarray:
    """The places of at most MOST_ROWS of so many rows, evenly spread."""
    return np.arange(rows) if rows <= MOST_ROWS else np.linspace(0, rows - 1, MOST_ROWS).astype(int)


def odds_to_chance(odds: np.ndarray) -> np.ndarray:
    """The probability of log odds."""
    return 1 / (1 + np.exp(-np.clip(odds, -500, 500)))


def fit(
    values: np.ndarray, known: np.ndarray, counts: np.ndarray, limits: list, shrink: float, begin: Fit | None = None
) -> Fit:
    """Weights of standardised `values` (rows x features) for `known` (0 to 1, rows), each row `counts` times.

    `limits` are lower and upper bounds per feature. Newton steps, clipped; from `begin` they are fewer.
    """
    mean = counts @ values / counts.sum()
    spread = np.maximum(np.sqrt(counts @ (values - mean) ** 2 / counts.sum()), 0.01)
    scaled = np.c_[(values - mean) / spread, np.ones(len(values))]
    ridge = np.r_[np.full(values.shape[1], shrink), 1e-6]
    low, high = (
        np.array([*side, bound]) for side, bound in zip(zip(*limits, strict=True), (-np.inf, np.inf), strict=True)
    )
    b = np.zeros(scaled.shape[1])
    if begin:
        b = np.r_[begin.weights * spread, begin.constant + begin.weights @ mean]

    def loss(odds: np.ndarray, b: np.ndarray) -> float:
        return counts @ (np.logaddexp(0, odds) - known * odds) + ridge @ (b * b) / 2

    odds = scaled @ b
    now = loss(odds, b)
    for _ in range(100):
        chance = odds_to_chance(odds)
        slope = scaled.T @ (counts * (chance - known)) + ridge * b
        free = ~((b <= low) & (slope > 0) | (b >= high) & (slope < 0))
        leant = scaled * np.sqrt(counts * chance * (1 - chance))[:, None]
        curve = (leant.T @ leant)[np.ix_(free, free)] + np.diag(ridge[free])
        step = np.zeros(len(b))
        step[free] = np.linalg.solve(curve, slope[free])
        size, before, began = 1.0, now, b
        while True:
            b = np.clip(began - size * step, low, high)
            odds = scaled @ b
            now = loss(odds, b)
            if now <= before or size <= 1e-6:
                break
            size /= 2
        if now > before:
            b = began
            break
        if before - now < 1e-8 * max(now, 1.0):
            break
    weights = b[:-1] / spread
    return Fit(weights, float(b[-1] - weights @ mean))
