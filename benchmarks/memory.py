"""Memory of extraction against the number of records: lines of the tills, as the POS contract has them.

Each size runs in a process of its own, whose greatest resident size counts. `ASSAY_BENCH_LINES` sets the larger.
"""

from __future__ import annotations

import os
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

LINES = int(os.environ.get("ASSAY_BENCH_LINES", "10000000"))
LIMIT_MB = 1_000
NOW = datetime(2026, 3, 29, 15, tzinfo=UTC)
CHILD = "import sys; from benchmarks.memory import extract; extract(sys.argv[1], int(sys.argv[2]))"


def main() -> None:
    """Print the peak of a tenth of the lines and of all of them, and the ratio of the two."""
    peaks = []
    for lines in (LINES // 10, LINES):
        with tempfile.TemporaryDirectory(prefix="assay-bench-") as home:
            _fill(Path(home) / "pos.db", lines)
            told = subprocess.run(
                [sys.executable, "-c", CHILD, home, str(lines)], check=True, capture_output=True, text=True
            )
        seconds, peak = map(float, told.stdout.split())
        peaks.append(peak)
        print(f"{lines:12,} lines: {lines / seconds:9,.0f} records/s, at most {peak:,.0f} MB", flush=True)
    print(f"  ten times the lines take {peaks[1] / peaks[0]:.2f} of the memory (limit {LIMIT_MB:,} MB)")


def extract(home: str, lines: int) -> None:
    """Read every line of the database below `home` into a landing there; prints seconds and the peak in MB."""
    from pipelines.extract import extract_stream
    from pipelines.resources import Settings
    from sources.contract import load_contracts

    settings = Settings(Path(home), "bench", f"sqlite:///{home}/ledger.db")
    began = time.perf_counter()
    report = extract_stream(
        load_contracts()["pos"], "receipt_lines", settings, NOW, lambda _: f"sqlite:///{home}/pos.db"
    )
    seconds = time.perf_counter() - began
    if report.rows != lines:
        sys.exit(f"{report.rows:,} of {lines:,} lines landed")
    print(seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def _fill(path: Path, lines: int) -> None:
    from sqlalchemy.dialects import sqlite
    from sqlalchemy.schema import CreateTable

    from sources.pos.tables import METADATA

    table = METADATA.tables["receipt_lines"]
    marks = ", ".join("?" * len(table.columns))
    with sqlite3.connect(path) as database:
        database.execute("pragma synchronous=OFF")
        database.execute(str(CreateTable(table).compile(dialect=sqlite.dialect())))
        database.executemany(
            f"insert into receipt_lines values ({marks})", _lines([c.name for c in table.columns], lines)
        )
    database.close()


def _lines(columns: list[str], lines: int) -> Iterator[list]:
    for number in range(lines):
        at = f"2026-03-{number % 28 + 1:02} {number % 24:02}:{number % 60:02}:00.000000"
        line = {
            "line_code": f"R{number // 4:09}-{number % 4 + 1:03}",
            "receipt_code": f"R{number // 4:09}",
            "line": number % 4 + 1,
            "store_code": f"S{number % 40 + 1:03}",
            "article_code": f"A{number % 30_000:06}",
            "quantity": number % 5 + 1,
            "unit_amount": f"{number % 900}.90",
            "total_amount": f"{number % 900 * (number % 5 + 1)}.00",
            "tax_rate": "21.00",
            "sold_at": at,
            "updated_at": at,
        }
        yield [line[name] for name in columns]
