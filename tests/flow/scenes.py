"""What a scenario does beyond the steps of a Retailer: publish, change a rule, read golden and what Odoo holds."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
import sqlalchemy as sa

from pipelines import exports, ledger, transform
from pipelines.ledger import open_ledger
from pipelines.publish.apply import Report, apply_plan
from pipelines.publish.approve import approve
from pipelines.publish.plan import make_plan
from pipelines.publish.policy import Policy, load_policy
from pipelines.publish.store import Plan
from pipelines.publish.target import open_target
from pipelines.publish.verify import Verification, verify_run
from pipelines.resources import Settings, now
from sources.odoo.client import search_read
from tests.flow.fixtures import Retailer

CLOCKS = {"load_id", "event_at"}
Row = dict[str, Any]


def rows(source: Path, query: str, *values: Any) -> list[Row]:
    """The rows of a query over `source`: the exports' folder of a layer, or a database of DuckDB or SQLite."""
    if source.is_dir():
        connection = duckdb.connect()
        for path in sorted(source.glob("*.parquet")):
            connection.execute(f"create view {path.stem} as select * from {exports.relation(path)}")
    else:
        connection = duckdb.connect(str(source), read_only=True)
        connection.execute("set file_search_path = $home", {"home": str(source.parent)})
    with connection:
        found = connection.execute(query, list(values))
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def golden(settings: Settings, query: str, *values: Any) -> list[Row]:
    """The rows of a query over the exported golden tables."""
    return rows(settings.exports / "golden", query, *values)


def golden_digests(settings: Settings) -> dict[str, str]:
    """SHA-256 of the content of every golden table, times of sources and names of loads left out."""
    return {path.stem: _digest(golden(settings, f"from {path.stem}")) for path in _parquet(settings, "golden")}


def export_digests(settings: Settings) -> dict[str, str]:
    """SHA-256 of the bytes of every exported table."""
    return {
        f"{layer}/{path.stem}": hashlib.sha256(path.read_bytes()).hexdigest()
        for layer in exports.LAYERS
        for path in _parquet(settings, layer)
    }


def publish(retailer: Retailer, plan: Plan, note: str = "") -> tuple[Report, Verification]:
    """Approve a plan, by force if there is a note, apply it, and read it back."""
    with open_target() as client:
        approve(retailer.settings, plan.plan_id, "a steward", now(), note, force=bool(note))
        done = apply_plan(retailer.settings, client, plan.plan_id, now(), "a steward")
        return done, verify_run(retailer.settings, client, done.run_id, now(), "a steward")


def in_odoo() -> dict[tuple[str, int], Row]:
    """Every record of every published model by (object, id), archived ones too, with the fields of the policy."""
    found = {}
    with open_target() as client:
        for name, policy in load_policy().objects.items():
            fields = sorted({*policy.owned, *policy.retire})
            found |= {(name, row["id"]): row for row in search_read(client, policy.model, fields)}
    return found


def receipts(settings: Settings, run_id: str) -> list[Row]:
    """The receipts of a run."""
    query = sa.select(ledger.receipts).where(ledger.receipts.c.run_id == run_id)
    with open_ledger(settings.ledger_url).connect() as connection:
        return [dict(row) for row in connection.execute(query).mappings()]


def change_seed(monkeypatch: pytest.MonkeyPatch, folder: Path, name: str, change: Callable[[str], str]) -> None:
    """From now on build a copy of the dbt project in which a seed reads as `change` made it."""
    project = folder / "dbt_project"
    if project != transform.DBT_PROJECT:
        shutil.copytree(transform.DBT_PROJECT, project)
        monkeypatch.setattr(transform, "DBT_PROJECT", project)
    path = project / "seeds" / name
    before = path.read_text()
    after = change(before)
    assert after != before, f"{name} has changed; this scenario must follow it"
    path.write_text(after)


def plan_in_batches(retailer: Retailer, size: int) -> tuple[Plan, Policy]:
    """A plan that is written in batches of `size`, with the policy that says so."""
    policy = load_policy().model_copy(update={"batch": size})
    with open_target() as client:
        return make_plan(retailer.settings, client, retailer.gates(), now(), "tester", policy=policy), policy


def _parquet(settings: Settings, layer: str) -> list[Path]:
    return sorted((settings.exports / layer).glob("*.parquet"))


def _digest(found: list[Row]) -> str:
    told = [json.dumps(_timeless(row), sort_keys=True, default=_text) for row in found]
    return hashlib.sha256("\n".join(sorted(told)).encode()).hexdigest()


def _timeless(row: Row) -> Row:
    kept = {name: value for name, value in row.items() if name not in CLOCKS}
    if lost := kept.get("losing_values"):
        kept["losing_values"] = [{k: v for k, v in one.items() if k not in CLOCKS} for one in json.loads(lost)]
    return kept


def _text(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
