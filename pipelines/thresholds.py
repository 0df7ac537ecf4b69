"""Where records are joined: the `thresholds` of matching/<domain>.yml, in bits of the model in use.

`assay match calibrate` says what bits are worth by stewards' labels and keeps that with the model; until then the
model is taken at its word.
"""

from __future__ import annotations

import numpy as np
import sqlalchemy as sa

from pipelines import ledger, resources, trained
from pipelines.calibration import AT_ITS_WORD, Calibration
from pipelines.matching import declared

CALIBRATION = "calibration"


def in_build(domain: str) -> dict:
    """`cluster` of the declaration with the bits of its thresholds, for a dbt model."""
    return limits(ledger.open_ledger(resources.settings().ledger_url), domain)


def limits(engine: sa.Engine, domain: str) -> dict:
    """`cluster` of the declaration, and `<name>_bits` for each threshold, by the model in use."""
    model = trained.in_use(engine, domain)
    kept = model.parts.get(CALIBRATION) if model else None
    return solved(declared(domain), Calibration(**kept.to_pylist()[0]) if kept else AT_ITS_WORD)


def at_its_word(domain: str) -> dict:
    """The same where no labels say what bits are worth, as the macro `threshold_bits` has it."""
    return solved(declared(domain), AT_ITS_WORD)


def solved(spec: dict, calibration: Calibration) -> dict:
    """The same of a declaration and any calibration. No calibrated threshold falls to what a veto leaves of a pair."""
    asked = spec["thresholds"]
    bits = {one["name"]: _bits(one["probability"], AT_ITS_WORD) for one in asked}
    lowest = bits.get("veto", -np.inf) + 0.01
    bits |= {name: max(_bits(p, calibration), lowest) for name, p in calibrated(spec).items()}
    return {**spec["cluster"], **{f"{name}_bits": value for name, value in bits.items()}}


def calibrated(spec: dict) -> dict[str, float]:
    """The declared probabilities, by name, that take the bits that labels say."""
    return {one["name"]: one["probability"] for one in spec["thresholds"] if one.get("calibrated")}


def _bits(probability: float, calibration: Calibration) -> float:
    odds = np.log(probability / (1 - probability))
    return round(float((odds - calibration.intercept) / calibration.slope), 2)
