"""Where records are joined: the probabilities declared in matching/<domain>.yml, in bits of the model in use.

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
    """`cluster` of the declaration with the bits of its probabilities, for a dbt model."""
    return limits(ledger.open_ledger(resources.settings().ledger_url), domain)


def limits(engine: sa.Engine, domain: str) -> dict:
    """`cluster` of the declaration, and `<name>_bits` for each `<name>_probability` in it, by the model in use."""
    model = trained.in_use(engine, domain)
    kept = model.parts.get(CALIBRATION) if model else None
    return solved(declared(domain)["cluster"], Calibration(**kept.to_pylist()[0]) if kept else AT_ITS_WORD)


def solved(cluster: dict, calibration: Calibration) -> dict:
    """The same of any calibration. No cut falls to what a veto leaves of a pair."""
    lowest = cluster.get("veto_bits", -np.inf) + 0.01
    bits = {
        name: (np.log(p / (1 - p)) - calibration.intercept) / calibration.slope for name, p in asked(cluster).items()
    }
    return {**cluster, **{f"{name}_bits": max(round(float(value), 2), lowest) for name, value in bits.items()}}


def asked(cluster: dict) -> dict[str, float]:
    """The declared probabilities by name."""
    return {name.removesuffix("_probability"): p for name, p in cluster.items() if name.endswith("_probability")}
