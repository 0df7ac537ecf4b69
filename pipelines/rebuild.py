"""One build as one act: measure what is known, run dbt, judge each domain, export. The CLI and Dagster both call it."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb

from pipelines import audit, decisions, exports, freshness, gates, ledger, quality, resources, transform
from pipelines.ledger import open_ledger
from pipelines.resources import Settings
from pipelines.warehouse import building
from sources.contract import load_contracts

RELATIONS = "relations.json"


@dataclass(frozen=True)
class Rebuilt:
    """What a build did: dbt's counts, rows per exported file, and what broke by dbt node (empty if nothing did)."""

    result: transform.BuildResult | None
    rows: dict[str, int]
    failures: dict[str, str]


def rebuild(
    settings: Settings,
    now: datetime,
    select: str | None = None,
    on_event: Callable[[transform.Event], None] | None = None,
    full: bool = False,
    run_id: str | None = None,
) -> Rebuilt:
    """Build and test (what `select` names of) the dbt project, record the verdict per domain, export.

    The run is in the ledger under `run_id`, by default one made up from `now`, and so are the events of golden ids.
    Failed tests and models do not raise: they close the gates of their domains. Raises BuildFailed when dbt stopped
    before it ran anything, and NotDecided, before anything is read, where a file of decisions is not as it should be.
    Raises WarehouseBusy where somebody else builds.
    """
    decisions.decisions()
    decisions.overrides()
    with building(settings):
        marks = None if select else freshness.measure(settings, load_contracts())
        result = None
        run_id = run_id or f"build-{now:%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"
        with _recorded(settings, run_id, now):
            try:
                result = transform.build(settings, select, on_event, full, run_id)
            except transform.BuildFailed:
                if not (settings.home / "dbt" / "run_results.json").exists():
                    raise
        built = gates.record_build(settings, marks, now)
        rows = exports.export(settings, result)
        quality.record(settings)
        describe(settings)
    return Rebuilt(result, rows, {name: failure["became"] for name, failure in built.failures.items()})


@contextmanager
def _recorded(settings: Settings, run_id: str, now: datetime) -> Iterator[None]:
    """The ledger's row of a build; a run that is taken up again has one already."""
    engine, runs = open_ledger(settings.ledger_url), ledger.runs
    began = {"kind": "build", "started_at": audit.naive(now), "ended_at": None, "status": "running"}
    with engine.begin() as connection:
        if not connection.execute(runs.update().where(runs.c.run_id == run_id).values(began)).rowcount:
            connection.execute(runs.insert().values(run_id=run_id, **began))
    status = "failed"
    try:
        yield
        status = "succeeded"
    finally:
        with engine.begin() as connection:
            ended = {"status": status, "ended_at": audit.naive(resources.now())}
            connection.execute(runs.update().where(runs.c.run_id == run_id).values(ended))


def read_relations(settings: Settings) -> dict[str, dict[str, str]]:
    """What `describe` wrote after the last build; {} before the first."""
    path = settings.home / "dbt" / RELATIONS
    return json.loads(path.read_bytes()) if path.exists() else {}


def describe(settings: Settings) -> Path:
    """Write dbt/relations.json: every table and view of the warehouse with its columns and their types."""
    query = "select table_name, column_name, data_type from information_schema.columns order by 1, ordinal_position"
    relations: dict[str, dict[str, str]] = {}
    with duckdb.connect(str(settings.warehouse), read_only=True) as warehouse:
        for table, column, kind in warehouse.execute(query).fetchall():
            relations.setdefault(table, {})[column] = kind.lower()
    path = settings.home / "dbt" / RELATIONS
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(relations, indent=1))
    os.replace(partial, path)
    return path
