"""What a score is worth as a probability, from labels: weighted logistic recalibration, and how far off it still is.

A sample is drawn by band of score, so each label stands for many pairs; the weights say for how many.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

BANDS = np.array([-np.inf, -6, -3, -1, 0, 1, 2, 3, 4, 6, 8, np.inf])
RIDGE = 1e-2


class Calibration(NamedTuple):
    """log odds of one party = intercept + slope * bits, capped so that no pair is surer than the labels can tell."""

    intercept: float
    slope: float

    def probability(self, bits: np.ndarray) -> np.ndarray:
        """Calibrated probability that pairs with so many bits are one party."""
        return 1 / (1 + np.exp(-(self.intercept + self.slope * np.clip(bits, -20, 20))))


AT_ITS_WORD = Calibration(0.0, float(np.log(2)))
"""A model whose bits are log2 of the odds."""


class Reliability(NamedTuple):
    """Expected calibration error over all pairs; pairs in the automatic band and their precision."""

    error: float
    automatic: int
    precision: float


def sample(bits: np.ndarray, labels: int, seed: int = 7) -> tuple[np.ndarray, np.ndarray]:
    """Places of at most so many pairs, even over the bands of score, and the pairs that each stands for."""
    rng = np.random.default_rng(seed)
    band = np.digitize(bits, BANDS[1:-1])
    places, weights = [], []
    held = [np.flatnonzero(band == n) for n in range(len(BANDS) - 1)]
    held = sorted((one for one in held if len(one)), key=len)
    left = labels
    for n, one in enumerate(held):
        share = min(len(one), left // (len(held) - n))
        left -= share
        if share:
            places.append(rng.choice(one, share, replace=False))
            weights.append(np.full(share, len(one) / share))
    return np.concatenate(places), np.concatenate(weights)


def fit(bits: np.ndarray, same: np.ndarray, weights: np.ndarray) -> Calibration:
    """Weighted logistic regression of labels on bits by Newton's method; a slight ridge keeps it finite."""
    design = np.stack([np.ones(len(bits)), np.clip(bits, -20, 20)], axis=1)
    scaled = weights * len(weights) / weights.sum()
    start = np.array([0.0, np.log(2)])

    def loss(theta: np.ndarray) -> float:
        z = design @ theta
        return float(scaled @ (np.logaddexp(0, z) - same * z) + RIDGE / 2 * ((theta - start) ** 2).sum())

    theta = start.copy()
    for _ in range(50):
        p = np.exp(-np.logaddexp(0, -design @ theta))
        gradient = design.T @ (scaled * (same - p)) - RIDGE * (theta - start)
        curvature = (design * (scaled * p * (1 - p))[:, None]).T @ design + RIDGE * np.eye(2)
        step = np.linalg.solve(curvature, gradient)
        while np.abs(step).max() > 1e-9 and loss(theta + step) > loss(theta):
            step /= 2
        theta += step
        if np.abs(step).max() < 1e-9:
            break
    return Calibration(*theta)


def reliability(probability: np.ndarray, same: np.ndarray, automatic: float) -> Reliability:
    """How probabilities compare with what is so, over ten bins of equal width."""
    bins = np.minimum((probability * 10).astype(int), 9)
    count = np.bincount(bins, minlength=10)
    gap = np.abs(np.bincount(bins, weights=probability, minlength=10) - np.bincount(bins, weights=same, minlength=10))
    sure = probability >= automatic
    return Reliability(
        gap.sum() / max(count.sum(), 1), int(sure.sum()), float(same[sure].mean()) if sure.any() else 1.0
    )
