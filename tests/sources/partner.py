"""Somebody who sends files, for the tests of how they are read."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pyarrow.parquet as pq
import pytest

from pipelines.extract import extract_stream
from pipelines.resources import Settings
from sources.contract import Contract

NOW = datetime(2026, 3, 29, 15, tzinfo=UTC)
HEADER = "code,Název,amount,seen_on\n"
COLUMNS = {
    "code": "required",
    "name": {"header": "Název"},
    "amount": {"type": "decimal", "scale": 2},
    "seen_on": "date",
}


class Partner:
    """Somebody who leaves files in a folder, and what has landed of them."""

    def __init__(self, home: Path, location: str | None = None, **facts: object) -> None:
        self.folder, self.location, self.now = home / "in", location or f"file://{home / 'in'}", NOW
        self.folder.mkdir(parents=True, exist_ok=True)
        self.settings = Settings(home, "test", f"sqlite:///{home / 'ledger.db'}")
        self.secrets: dict[str, str] = {}
        self.columns = facts.pop("columns", COLUMNS)
        self.stream = facts.pop("stream", {})
        self.facts = {"match": ["*.csv"], **facts}

    def send(
        self, name: str, content: str | bytes, age: timedelta = timedelta(hours=1), encoding: str = "utf-8"
    ) -> None:
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        at = (self.now - age).timestamp()
        os.utime(path, (at, at))

    def extract(self, **more):
        self.now += timedelta(hours=2)
        stream = {"description": "Goods.", "domain": "products", "primary_key": "code", "columns": self.columns}
        system = {"system": "mill", "kind": "files", "description": "A mill.", "owner": "us", "endpoint": "env:MILL"}
        secrets = {name: f"env:{name}" for name in self.secrets}
        streams = {"goods": {**stream, "files": self.facts, **self.stream}}
        self.contract = Contract.model_validate({**system, "secrets": secrets, "streams": streams})
        return extract_stream(
            self.contract, "goods", self.settings, self.now, self.resolve, connector=SimpleNamespace(), **more
        )

    def resolve(self, reference):
        return {**self.secrets, "MILL": self.location}[reference.removeprefix("env:")]

    def landed(self):
        folder = self.settings.landing / "mill" / "goods"
        rows = pq.ParquetDataset(folder, partitioning=None, ignore_prefixes=["_", "."]).read().to_pylist()
        return sorted(rows, key=lambda row: (row["_load_id"], row["_extracted_at"]))

    def alive(self):
        """Code to name of what is alive, by the rule of staging: the newest event, then the newest load."""
        latest = sorted(self.landed(), key=lambda row: (min(row["_event_at"], row["_extracted_at"]), row["_load_id"]))
        last = {row["_source_key"]: row for row in latest}
        return {key: row["name"] for key, row in last.items() if not row["_deleted"]}


@pytest.fixture
def mill(tmp_path):
    return Partner(tmp_path)
