"""Memory of extraction against the number of records: lines of the tills, from their database and from files.

Each size runs in a process of its own, whose greatest resident size counts. `ASSAY_BENCH_LINES` sets the larger of the
database's, `ASSAY_BENCH_FILE_LINES` that of the files'; 0 leaves them out.
"""

from __future__ import annotations

import csv
import os
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

LINES = int(os.environ.get("ASSAY_BENCH_LINES", "10000000"))
FILE_LINES = int(os.environ.get("ASSAY_BENCH_FILE_LINES", "1000000"))
LIMIT_MB, A_FILE = 1_000, 50_000
NOW = datetime(2026, 3, 29, 15, tzinfo=UTC)
CHILD = "import sys; from benchmarks.memory import extract; extract(sys.argv[1], sys.argv[2], int(sys.argv[3]))"
STREAMS = {
    "database": ("pos", "receipt_lines", "sqlite:///{}/pos.db"),
    "files": ("adyen", "settlements", "file://{}/in"),
}


def main() -> None:
    """Print the peak of a tenth of the lines and of all of them, and the ratio of the two."""
    for name, fill, lines in (("database", _fill, LINES), ("files", _fill_files, FILE_LINES)):
        if lines:
            _compare(name, fill, lines)


def _compare(name: str, fill: Callable[[Path, int], None], most: int) -> None:
    peaks = []
    for lines in (most // 10, most):
        with tempfile.TemporaryDirectory(prefix="assay-bench-") as home:
            fill(Path(home), lines)
            for run, said in ((lines, "lines"), (1, "line more")) if name == "files" else ((lines, "lines"),):
                if run == 1:
                    _more(Path(home))
                told = subprocess.run(
                    [sys.executable, "-c", CHILD, home, name, str(run)], check=True, capture_output=True, text=True
                )
                seconds, peak = map(float, told.stdout.split())
                peaks += [peak] * (run != 1)
                print(f"{name:9}{run:12,} {said}: {seconds:7.1f} s, at most {peak:,.0f} MB", flush=True)
    print(f"  ten times the lines take {peaks[1] / peaks[0]:.2f} of the memory (limit {LIMIT_MB:,} MB)")


def extract(home: str, name: str, lines: int) -> None:
    """Read what is new below `home` into a landing there; prints seconds and the peak in MB."""
    from pipelines.extract import extract_stream
    from pipelines.resources import Settings
    from sources.contract import load_contracts

    (system, stream, place), settings = STREAMS[name], Settings(Path(home), "bench", f"sqlite:///{home}/ledger.db")
    began = time.perf_counter()
    report = extract_stream(load_contracts()[system], stream, settings, NOW, lambda _: place.format(home))
    seconds = time.perf_counter() - began
    if report.rows != lines:
        sys.exit(f"{report.rows:,} of {lines:,} lines landed")
    print(seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def _fill_files(home: Path, lines: int) -> None:
    """Settlement reports of 50,000 payments each."""
    for first in range(0, lines, A_FILE):
        _report(home, first // A_FILE, range(first, min(first + A_FILE, lines)))


def _more(home: Path) -> None:
    _report(home, 999_999, range(10**9, 10**9 + 1))


def _report(home: Path, batch: int, numbers: range) -> None:
    from sources.contract import load_contracts

    columns = load_contracts()["adyen"].streams["settlements"].columns
    path = home / "in" / f"settlement_detail_report_batch_{batch}.csv"
    path.parent.mkdir(exist_ok=True)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([column.header for column in columns.values()])
        for number in numbers:
            line = {
                "merchant_account": f"Store_{number % 40}",
                "merchant_reference": f"R{number:09}",
                "modification_reference": f"{number:016X}",
                "creation_date": f"2026-03-{number % 28 + 1:02} {number % 24:02}:{number % 60:02}:00",
                "type": "Settled",
                "net_currency": "CZK",
                "net_credit": f"{number % 900}.90",
                "batch_number": batch,
            }
            writer.writerow([line.get(name, "") for name in columns])
    at = NOW.timestamp() - 86_400 + batch / 10**6
    os.utime(path, (at, at))


def _fill(home: Path, lines: int) -> None:
    from sqlalchemy.dialects import sqlite
    from sqlalchemy.schema import CreateTable

    from sources.pos.tables import METADATA

    table = METADATA.tables["receipt_lines"]
    marks = ", ".join("?" * len(table.columns))
    with sqlite3.connect(home / "pos.db") as database:
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
