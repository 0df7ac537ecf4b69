"""The whole path of the 40-store retailer by phase, against a bare DuckDB scan-and-write of the same landing.

Then the queue of stewards is read, 1 % of the records change, and the same path is timed as a share of the full one.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Sequence
from pathlib import Path

import duckdb

from benchmarks.measure import Cost, judge, run, run_phases
from pipelines.resources import settings

PROFILE = os.environ.get("ASSAY_BENCH_PROFILE", "retailer40")
PHASES = ("extract", "build")
TARGET_S, TARGET_GB, TARGET_SHARE, TARGET_ASKED = 240, 6, 0.1, 0.02


def main() -> None:
    """Print each phase's rows/s, seconds and peak memory, and the ratios; state stays in .assay/bench."""
    home = settings().home / "bench" / PROFILE
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    environment = {"ASSAY_HOME": str(home)}
    generate = run(["-m", "benchmarks.phases", "generate", PROFILE], environment)
    report("generate", generate, None)
    first = path(environment, home)
    built, bare = first["build"], scan_and_write(home)
    print(f"{'bare scan-and-write':<22}{bare:8.1f} s")
    print(f"landing to golden / bare scan-and-write: {built.wall_s / bare:.1f}x")
    judge(
        f"landing to golden: {built.wall_s:.0f} s, {built.peak_gb:.1f} GB",
        built.wall_s < TARGET_S and built.peak_gb < TARGET_GB,
        f"below {TARGET_S} s and {TARGET_GB} GB",
    )
    report("stewards' queue", run(["-m", "benchmarks.phases", "queue", PROFILE], environment), None)
    found = json.loads((home / "queue.json").read_text())
    asked = found["cases"] / found["pairs"]
    told = f"cases of a steward: {found['cases']:,} of {found['pairs']:,} compared pairs, {asked:.2%}"
    judge(told, asked < TARGET_ASKED, f"below {TARGET_ASKED:.0%}")
    run(["-m", "benchmarks.phases", "change", PROFILE], environment)
    second = path(environment, home)
    print("1 % change as a share of the full run:")
    for phase in PHASES:
        print(f"  {phase:<20}{shares(second, first, [phase])}")
    met = share(second, first, PHASES, "wall_s") < TARGET_SHARE
    judge(f"  {'whole':<20}{shares(second, first, PHASES)}", met, f"below {TARGET_SHARE:.0%} of wall")


def shares(part: dict[str, Cost], whole: dict[str, Cost], counted: Sequence[str]) -> str:
    """What the counted phases of `part` cost of those of `whole`, in wall clock and CPU."""
    wall, cpu = (share(part, whole, counted, unit) for unit in ("wall_s", "cpu_s"))
    return f"{wall:8.1%} of wall{cpu:8.1%} of CPU"


def share(part: dict[str, Cost], whole: dict[str, Cost], counted: Sequence[str], unit: str) -> float:
    """What the counted phases of `part` cost, of those of `whole`."""
    return sum(getattr(part[phase], unit) for phase in counted) / sum(getattr(whole[phase], unit) for phase in counted)


def path(environment: dict[str, str], home: Path) -> dict[str, Cost]:
    """Extract and build in one process, as the job `full` does; what loading dbt takes of the CPU is the build's."""
    costs = run_phases(["-m", "benchmarks.phases", "path", PROFILE], environment, PHASES)
    for phase, cost in costs.items():
        report(phase, cost, landed_rows(home))
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
