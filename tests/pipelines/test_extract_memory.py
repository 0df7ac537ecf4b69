"""A database stream of any length is extracted in the same memory."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from types import SimpleNamespace

import pyarrow as pa
import pytest

from pipelines.extract import extract_stream
from pipelines.resources import Settings
from sources import sql
from sources.contract import Contract

NOW = datetime(2026, 3, 29, 15, tzinfo=UTC)
COLUMNS = {"id": {"type": "integer"}, "name": {}, "price": {"type": "decimal", "scale": 2}, "at": {"type": "timestamp"}}


def contract():
    stream = {"description": "Sales.", "domain": "orders", "cursor": "at", "expected_total": True, "columns": COLUMNS}
    base = {"system": "till", "kind": "sql", "description": "A till.", "owner": "us", "endpoint": "env:TILL"}
    return Contract.model_validate({**base, "streams": {"sales": stream}})


def peak_of(tmp_path, rows):
    """Bytes that Arrow held at most above what it held before, and the rows landed."""
    home = tmp_path / str(rows)
    home.mkdir()
    path = home / "till.db"
    with sqlite3.connect(path) as database:
        database.execute("create table sales (id integer primary key, name text, price text, at text)")
        values = ((n, f"thing {n}", f"{n % 1000}.50", "2026-03-29 12:00:00") for n in range(rows))
        database.executemany("insert into sales values (?, ?, ?, ?)", values)
    database.close()
    pool = pa.proxy_memory_pool(pa.default_memory_pool())
    before = pa.default_memory_pool()
    pa.set_memory_pool(pool)
    try:
        connector = SimpleNamespace(sales=sql.read)
        settings = Settings(home, "test", f"sqlite:///{home / 'ledger.db'}")
        report = extract_stream(contract(), "sales", settings, NOW, lambda _: f"sqlite:///{path}", connector=connector)
    finally:
        pa.set_memory_pool(before)
    return pool.max_memory(), report.rows


def test_five_times_the_rows_need_no_more_memory(tmp_path):
    short, few = peak_of(tmp_path, 40_000)
    long, many = peak_of(tmp_path, 200_000)
    assert (few, many) == (40_000, 200_000)
    assert short > 0
    assert long == pytest.approx(short, rel=0.3)
