"""The whole path of the 40-store retailer by phase, against a bare DuckDB scan-and-write of the same landing.

Then 1 % of the records change, and the same path is timed again as a share of the full one.
"""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import duckdb

from benchmarks.measure import Cost, run
from pipelines.resources import settings

PROFILE = os.environ.get("ASSAY_BENCH_PROFILE", "retailer40")


def main() -> None:
    """Print each phase's rows/s, seconds and peak memory, and the ratios; state stays in .assay/bench."""
    home = settings().home / "bench" / PROFILE
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    environment = {"ASSAY_HOME": str(home)}
    generate = run(["-m", "benchmarks.phases", "generate", PROFILE], environment)
    report("generate", generate, None)
    first = phases(environment, home)
    bare = scan_and_write(home)
    print(f"{'bare scan-and-write':<22}{bare:8.1f} s")
    print(f"landing to golden / bare scan-and-write: {first['build'].wall_s / bare:.1f}x")
    run(["-m", "benchmarks.phases", "change", PROFILE], environment)
    second = phases(environment, home)
    print("1 % change as a share of the full run:")
    for part, counted in {"extract": ["extract"], "build": ["build"], "whole": list(first)}.items():
        wall, cpu = (share(second, first, counted, unit) for unit in ("wall_s", "cpu_s"))
        print(f"  {part:<20}{wall:8.1%} of wall{cpu:8.1%} of CPU")


def share(part: dict[str, Cost], whole: dict[str, Cost], counted: list[str], unit: str) -> float:
    """What the counted phases of `part` cost, of those of `whole`."""
    return sum(getattr(part[phase], unit) for phase in counted) / sum(getattr(whole[phase], unit) for phase in counted)


def phases(environment: dict[str, str], home: Path) -> dict[str, Cost]:
    """Extract, then build; each phase in its own process, so that its memory is its own."""
    costs = {}
    for phase in ("extract", "build"):
        costs[phase] = run(["-m", "benchmarks.phases", phase, PROFILE], environment)
        report(phase, costs[phase], landed_rows(home))
    return costs


def report(phase: str, cost: Cost, rows: int | None) -> None:
    rate = f"{rows / cost.wall_s:12,.0f} rows/s" if rows else " " * 19
    print(f"{phase:<22}{cost.wall_s:8.1f} s{cost.cpu_s:8.1f} CPU-s{cost.peak_gb:7.2f} GB{rate}", flush=True)


def landed_rows(home: Path) -> int:
    """Rows in all committed files of the landing."""
    files = f"{home}/landing/*/*/*.parquet"
    return duckdb.sql(f"select sum(num_rows)::bigint from parquet_file_metadata('{files}')").fetchone()[0]


def scan_and_write(home: Path) -> float:
    """Seconds that DuckDB needs to read every landed column once and write it to one table per stream."""
    started = time.perf_counter()
    database = home / "bare.duckdb"
    with duckdb.connect(str(database)) as connection:
        connection.execute("set threads = 2")
        for stream in sorted((home / "landing").glob("[!_]*/*")):
            name = f"{stream.parent.name}__{stream.name}"
            connection.execute(
                f"create table {name} as select * from read_parquet('{stream}/*.parquet', union_by_name = true)"
            )
    seconds = time.perf_counter() - started
    database.unlink()
    return seconds
