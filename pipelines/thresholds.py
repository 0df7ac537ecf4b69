"""Where records are joined: the `thresholds` of matching/<domain>.yml, in bits of the model in use.

`assay match calibrate` says what bits are worth by stewards' labels and keeps that among the model's weights, as the
probabilities of no bits and of one; until then the model is taken at its word.
"""

from __future__ import annotations

import duckdb
import numpy as np
import pyarrow as pa
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
    model = trained.in_use(engine, domain, (trained.WEIGHTS,))
    return solved(declared(domain), _kept(model.parts[trained.WEIGHTS]) if model else AT_ITS_WORD)


def in_warehouse(db: duckdb.DuckDBPyConnection, domain: str) -> Calibration:
    """What bits of the last build are worth."""
    query = f"select * from matched.matched_{domain}__model where comparison = '{CALIBRATION}'"
    return _kept(db.execute(query).to_arrow_table())


def calibrated(weights: pa.Table, fitted: Calibration) -> pa.Table:
    """The weights of a model with what their bits are worth, in place of what they were taken to be worth before."""
    [version] = set(weights["model_version"].to_pylist())
    none, one = fitted.probability(np.array([0.0, 1.0])).tolist()
    row = {"model_version": version, "comparison": CALIBRATION, "level": 0, "label": "probability of no bits, of one"}
    row |= {"match": none, "household": one, "chance": 1.0}
    others = [row for row in weights.to_pylist() if row["comparison"] != CALIBRATION]
    return pa.Table.from_pylist([*others, row], schema=weights.schema)


def solved(spec: dict, calibration: Calibration) -> dict:
    """The same of a declaration and any calibration.

    Two single records are never joined by less than connects them, nor anything by what a veto leaves of a pair.
    """
    cluster = spec["cluster"]
    bits = {f"{one['name']}_bits": bits_for(one["probability"], calibration) for one in spec["thresholds"]}
    above_veto = cluster.get("veto_bits", -np.inf) + 0.01
    bits |= {name: max(bits[name], above_veto) for name in ("stop_bits", "lone_bits")}
    bits["lone_bits"] = max(bits["lone_bits"], cluster["start_bits"])
    return {**cluster, **bits}


def _kept(weights: pa.Table) -> Calibration:
    for row in weights.to_pylist():
        if row["comparison"] == CALIBRATION:
            none, one = (float(np.log(p / (1 - p))) for p in (row["match"], row["household"]))
            return Calibration(none, one - none)
    return AT_ITS_WORD


def bits_for(probability: float, calibration: Calibration) -> float:
    """How many bits are worth a probability."""
    odds = np.log(probability / (1 - probability))
    return round(float((odds - calibration.intercept) / calibration.slope), 2)
