"""Labels drawn by band of score turn bits into probabilities that hold."""

from __future__ import annotations

import numpy as np
import pytest

from pipelines import calibration


def scored(pairs: int = 60_000) -> tuple[np.ndarray, np.ndarray]:
    """Pairs whose scores are three bits too sure, as dependent evidence makes them."""
    rng = np.random.default_rng(3)
    bits = np.concatenate([rng.normal(-8, 4, pairs * 2 // 3), rng.normal(9, 4, pairs // 3)])
    return bits, rng.random(len(bits)) < 1 / (1 + 2.0 ** -(bits - 3))


def test_four_hundred_labels_mend_scores_that_are_too_sure():
    bits, same = scored()
    places, weights = calibration.sample(bits, 400)
    fitted = calibration.fit(bits[places], same[places], weights)
    raw = calibration.reliability(1 / (1 + 2.0**-bits), same, 0.97)
    mended = calibration.reliability(fitted.probability(bits), same, 0.97)
    assert len(places) <= 400
    assert raw.error > 0.03
    assert mended.error <= 0.02
    assert mended.precision >= 0.985 > raw.precision


def test_a_sample_stands_for_all_pairs_and_covers_every_band():
    bits, _ = scored()
    places, weights = calibration.sample(bits, 200)
    assert weights.sum() == pytest.approx(len(bits))
    assert len(set(np.digitize(bits[places], calibration.BANDS[1:-1]))) == len(calibration.BANDS) - 1


def test_labels_that_are_all_the_same_give_finite_probabilities():
    fitted = calibration.fit(np.array([5.0, 8.0, 9.0]), np.ones(3), np.ones(3))
    assert 0.5 < fitted.probability(np.array([8.0]))[0] < 1


def test_fewer_pairs_than_labels_are_all_drawn():
    places, weights = calibration.sample(np.array([-1.5, 0.5, 9.0]), 100)
    assert sorted(places.tolist()) == [0, 1, 2]
    assert weights.tolist() == [1, 1, 1]


def test_labels_whose_weights_differ_a_thousandfold_are_still_fitted():
    bits = np.repeat([-12.0, -3.0, 1.0, 4.0, 14.0], 20)
    same = np.tile(np.arange(20), 5) < np.repeat([0, 8, 10, 14, 20], 20)
    weights = np.repeat([14_000.0, 600, 500, 500, 5_600], 20)
    fitted = calibration.fit(bits, same, weights)
    expected = (weights * same).sum() / weights.sum()
    assert (weights * fitted.probability(bits)).sum() / weights.sum() == pytest.approx(expected, abs=1e-3)


def test_labels_that_say_the_opposite_of_the_scores_are_fitted_without_a_number_that_runs_over():
    bits = np.repeat([-100.0, 100.0], 100)
    with np.errstate(over="raise"):
        found = calibration.fit(bits, bits < 0, np.ones(len(bits)))
    assert found.probability(-10.0) > 0.5 > found.probability(10.0)
