"""What matching has learnt of a domain, kept in the ledger: at the first build, and again by `assay match train`.

Daily builds score with it, so that a record is judged the same whatever else arrived.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Collection
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import sqlalchemy as sa

from pipelines import ledger, matching, resources

WEIGHTS = "weights"
LEARNT_SECTIONS = ("normalise", "placeholders", "blocks", "compare", "learn", "likeness")
KEPT_FROM_RECORDS = 500
_EPOCH = (1980, 1, 1, 0, 0, 0)


class Trained(NamedTuple):
    """A trained model: its version, the declaration it fits, the number of records it was learnt from, its tables."""

    version: str
    declared: str
    records: int
    parts: dict[str, pa.Table]


def declaration(domain: str) -> str:
    """Hash of what is declared of a domain and decides what is learnt: a model trained for another one does not fit."""
    spec = matching.declared(domain)
    said = _without_reasons({name: spec.get(name) for name in LEARNT_SECTIONS})
    return hashlib.sha256(json.dumps(said, sort_keys=True, default=str).encode()).hexdigest()[:16]


def _without_reasons(said: object) -> object:
    if isinstance(said, dict):
        return {name: _without_reasons(value) for name, value in said.items() if name != "reason"}
    return [_without_reasons(value) for value in said] if isinstance(said, list) else said


def in_use(engine: sa.Engine, domain: str, only: Collection[str] | None = None) -> Trained | None:
    """The model that builds of a domain score with; None before the first, or once the declaration has changed.

    With all its tables, or `only` those of these names: a vocabulary is long.
    """
    models = ledger.match_models.c
    row = _newest(engine, domain, models.version, models.declared, models.records, models.parts)
    return row and Trained(row.version, row.declared, row.records, _unpacked(row.parts, only))


def _newest(engine: sa.Engine, domain: str, *columns: sa.Column) -> sa.Row | None:
    models = ledger.match_models.c
    newest = sa.select(*columns).where(models.domain == domain).order_by(models.seq.desc()).limit(1)
    with engine.connect() as connection:
        row = connection.execute(newest).first()
    return row if row and row.declared == declaration(domain) else None


def keep(engine: sa.Engine, domain: str, parts: dict[str, pa.Table], run_id: str, reason: str) -> str:
    """Make the learnt tables, `weights` among them, the model in use; returns its version. The same twice is once."""
    packed = _packed(parts)
    version = hashlib.sha256(packed).hexdigest()[:12]
    weights = parts[WEIGHTS].to_pylist()
    records = next((row["match"] for row in weights if row["comparison"] == "records"), 0)
    models = ledger.match_models
    with engine.begin() as transaction:
        mine = models.c.domain == domain
        transaction.execute(sa.delete(models).where(mine, models.c.version == version))
        last = transaction.execute(sa.select(sa.func.max(models.c.seq)).where(mine)).scalar() or 0
        row = {"domain": domain, "version": version, "seq": last + 1, "declared": declaration(domain)}
        row |= {"records": int(records), "run_id": run_id, "reason": reason, "parts": packed}
        transaction.execute(sa.insert(models), row)
    return version


def forget(engine: sa.Engine, domain: str, values: set[str], records: int) -> int:
    """Drop counted values that no more than `records` records bore, from every model kept; returns rows dropped.

    For erasure: a name that only the erased bore is theirs. Versions stay as they are, for weights do not change.
    """
    models, dropped = ledger.match_models, 0
    with engine.begin() as transaction:
        kept = sa.select(models.c.version, models.c.parts).where(models.c.domain == domain)
        for version, packed in transaction.execute(kept).all():
            parts, before = _unpacked(packed), dropped
            for name, table in parts.items():
                if {"value", "records"} <= set(table.schema.names):
                    theirs = pc.is_in(table["value"], pa.array(sorted(values), pa.string()))
                    rare = pc.less_equal(table["records"], records)
                    parts[name] = table.filter(pc.invert(pc.fill_null(pc.and_(theirs, rare), False)))
                    dropped += table.num_rows - parts[name].num_rows
            if dropped > before:
                change = sa.update(models).where(models.c.domain == domain, models.c.version == version)
                transaction.execute(change.values(parts=_packed(parts)))
    return dropped


def lasts(engine: sa.Engine, domain: str) -> bool:
    """Whether builds of a domain score with a model that was kept, so that no build changes what is learnt."""
    return _newest(engine, domain, ledger.match_models.c.declared) is not None


def part_in_build(domain: str, name: str, learn: Callable[[], pa.Table]) -> pa.Table:
    """One table of the model in use, or what `learn` finds now, also where it had found nothing, for a dbt model."""
    model = in_use(_ledger(), domain, (name,))
    return model.parts[name] if model and len(model.parts.get(name, ())) else learn()


def weights_in_build(
    domain: str, learn: Callable[[], pa.Table], others: Callable[[], dict[str, pa.Table]] = dict
) -> pa.Table:
    """The weights in use, or learnt now and kept with the `others`, for the dbt model that ends the learning.

    A shop of few records learns anew in each build, until it has enough to keep what they say.
    """
    if model := in_use(_ledger(), domain, (WEIGHTS,)):
        return model.parts[WEIGHTS]
    weights = learn()
    records = next(row["match"] for row in weights.to_pylist() if row["comparison"] == "records")
    if records >= matching.declared(domain)["learn"].get("kept_from_records", KEPT_FROM_RECORDS):
        keep(_ledger(), domain, {**others(), WEIGHTS: weights}, resources.run_id(), "first build of this declaration")
    return weights


def _ledger() -> sa.Engine:
    return ledger.open_ledger(resources.settings().ledger_url)


def _packed(parts: dict[str, pa.Table]) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(parts):
            written = io.BytesIO()
            pq.write_table(parts[name], written, compression="zstd")
            archive.writestr(zipfile.ZipInfo(f"{name}.parquet", _EPOCH), written.getvalue())
    return held.getvalue()


def _unpacked(packed: bytes, only: Collection[str] | None = None) -> dict[str, pa.Table]:
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        names = [name.removesuffix(".parquet") for name in archive.namelist()]
        wanted = names if only is None else [name for name in names if name in only]
        return {name: pq.read_table(io.BytesIO(archive.read(f"{name}.parquet"))) for name in wanted}
