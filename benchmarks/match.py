"""Matching against Splink on the same rows, machine and run: seconds by phase, CPU seconds, peak memory, quality.

`python -m benchmarks match`, or `make bench-match`; ASSAY_BENCH_ROWS names the sizes, 20000 takes a minute. Both begin
with conformed customers and end with clusters; ours goes on to golden ids in the ledger, and the target counts these.
The target is against plain Splink, as its documentation has it; an expert's Splink is quicker and better, and shown
beside it. A second ratio of each, like for like, leaves out the ids and what loads programs. What matching has to do
again when records come or change is measured on the same state by match_changes.py.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from dataclasses import replace
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks import match_changes
from benchmarks.match_assay import RUN
from benchmarks.measure import Cost, run
from benchmarks.people import generate
from pipelines import evaluate, ledger, resources, transform
from pipelines.mapping import conformed_shape
from pipelines.warehouse import open_warehouse

ROWS = os.environ.get("ASSAY_BENCH_ROWS", "100000,1000000,5000000")
NEW = 1000
SEEDS = ("nicknames", "match_overrides", "placeholder_values", "calling_codes")
MODELS = ("matched.customers,+matched_customers__ids", *SEEDS)
PHASES = {
    "normalise": ("originals", "normalised", "counts", "vocabulary", "placeholders", "evidence"),
    "block": ("blocks",),
    "pair, compare and score": ("comparisons", "scores"),
    "train": ("chance", "model"),
    "cluster": ("decisions", "components", "contradictions", "within", "clusters"),
    "ids": ("ids",),
}
SIDES = {"assay": "match_assay", "plain": "match_plain_splink", "expert": "match_splink"}
TARGET_RATIO, TARGETS_GB = 0.5, {1_000_000: 3.0, 5_000_000: 12.0}
MEMORY = ((1_000_000, "2GB"), (10**9, "7GB"))  # of DuckDB up to so many rows; what needs more goes to disk


def main() -> None:
    """Print all three for every size; state stays in .assay/bench and is removed at the end of each size."""
    for rows in (int(size) for size in ROWS.split(",")):
        home = resources.settings().home / "bench" / f"match-{rows}"
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(parents=True)
        began = time.perf_counter()
        _make(home, rows)
        print(f"{rows:,} customer rows, made in {time.perf_counter() - began:.0f} s", flush=True)
        transform.parsed(resources.settings())
        memory = next(memory for most, memory in MEMORY if rows <= most)
        environment = {"ASSAY_HOME": str(home), "ASSAY_DUCKDB_MEMORY": memory}
        costs, reached = {}, {}
        for who, module in SIDES.items():
            costs[who] = run(["-m", f"benchmarks.{module}", who], environment)
            reached[who] = _report(who, costs[who], home, rows)
        for who, target in (("plain", f" (target at most {TARGET_RATIO})"), ("expert", "")):
            print(
                f"  assay / {who} splink: {costs['assay'].wall_s / costs[who].wall_s:.2f} of the seconds{target}, "
                f"{costs['assay'].cpu_s / costs[who].cpu_s:.2f} of the CPU seconds; from the first query to clusters "
                f"{reached['assay']:.1f} s / {reached[who]:.1f} s, {reached['assay'] / reached[who]:.2f}",
                flush=True,
            )
        match_changes.report(home, costs["assay"], environment)
        shutil.rmtree(home)


def _make(home: Path, rows: int) -> None:
    """customers.parquet with the rows, new.parquet with records that come later, most of people known by then.

    The former also as conformed records in a warehouse, where a build finds them.
    """
    generate(home / "all.parquet", rows + NEW)
    chosen = f"select record_id from '{home}/all.parquet' order by hash(record_id) limit {NEW}"
    for name, join in (("new", "semi"), ("customers", "anti")):
        rest = f"select * from '{home}/all.parquet' {join} join ({chosen}) using (record_id) order by record_id"
        duckdb.sql(f"copy ({rest}) to '{home}/{name}.parquet' (format parquet)")
    with open_warehouse(replace(resources.settings(), home=home)) as warehouse:
        lay(warehouse, home / "customers.parquet")


def _report(who: str, cost: Cost, home: Path, rows: int) -> float:
    """Print what `who` cost and found; returns its seconds from the first query to clusters."""
    target = f" (target below {TARGETS_GB[rows]:.0f} GB)" if who == "assay" and rows in TARGETS_GB else ""
    print(f"  {who:<10}{cost.wall_s:8.1f} s{cost.cpu_s:8.1f} CPU-s{cost.peak_gb:7.2f} GB{target}")
    told = json.loads((home / f"{who}.json").read_text())
    for phase, seconds in told["seconds"].items():
        cpu = f"{told['cpu_s'][phase]:8.1f} CPU-s" if phase in told["cpu_s"] else ""
        print(f"    {phase:<24}{seconds:8.1f} s{cpu}")
    truth = duckdb.sql(f"select record_id, cast(entity_id as varchar) as entity_id from '{home}/customers.parquet'")
    quality = evaluate.score(pq.read_table(home / f"{who}.parquet"), truth.to_arrow_table())
    print(
        f"    {told['pairs']}; precision {quality.precision:.3f} recall {quality.recall:.3f} "
        f"F1 {quality.f1:.3f} B-cubed {quality.b_cubed:.3f}, largest cluster {quality.largest} "
        f"(truly {quality.largest_really})",
        flush=True,
    )
    return told["to_clusters_s"]


def note(home: Path, who: str, clusters: pa.Table, **told: str | float | dict[str, float]) -> None:
    """Leave behind what the report is made of: `clusters` has record_id and cluster_id; `told` has pairs, a text,
    to_clusters_s, and by phase seconds and, where they are known, cpu_s."""
    pq.write_table(clusters, home / f"{who}.parquet")
    (home / f"{who}.json").write_text(json.dumps(told))


def assay() -> None:
    """The project's own models, from conformed customers to golden ids. Several run at a time: phases overlap."""
    settings = resources.settings()
    ledger.open_ledger(settings.ledger_url)
    (settings.home / "spill").mkdir(exist_ok=True)
    built = match(settings)
    with duckdb.connect(str(settings.warehouse), read_only=True) as warehouse:
        clusters = warehouse.execute("select record_id, customer_id as cluster_id from matched.matched_customers__ids")
        clusters = clusters.to_arrow_table()
        pairs = warehouse.execute("select count(*) from matched.matched_customers__comparisons").fetchone()[0]
        spent = phases(built)
        told = {"seconds": spent, "cpu_s": {}, "to_clusters_s": built.seconds - spent["ids"]}
        note(settings.home, "assay", clusters, pairs=f"{pairs:,} pairs compared", **told)


def match(settings: resources.Settings, *arguments: str) -> transform.BuildResult:
    """Run the models from conformed customers to golden ids, with what else dbt is told."""
    untested = ("--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")
    return transform.run_dbt(settings, "build", *untested, "--select", *MODELS, *arguments, run_id=RUN)


def phases(built: transform.BuildResult) -> dict[str, float]:
    """Seconds of the models by phase."""
    seconds = dict.fromkeys(PHASES, 0.0) | {"other": 0.0}
    for model, spent in built.seconds_by_model.items():
        part = model.removeprefix("matched_customers__")
        seconds[next((phase for phase, parts in PHASES.items() if part in parts), "other")] += spent
    return seconds


def lay(warehouse: duckdb.DuckDBPyConnection, rows: Path) -> None:
    """The generated customers as conformed records; an attribute that none of them has is null."""
    warehouse.execute("create schema conformed")
    warehouse.execute(f"create table conformed.conformed_customers as {conformed(warehouse, rows)}")
    declared = transform.DBT_PROJECT / "seeds" / "placeholder_values.csv"
    warehouse.execute(f"""
        create table conformed.conformed_customers__placeholders as
        select kind, part, value, reason from read_csv('{declared}', header = true, all_varchar = true)
    """)


def conformed(warehouse: duckdb.DuckDBPyConnection, rows: Path) -> str:
    """A query for generated rows in the shape of conformed customers."""
    given = {name for name, *_ in warehouse.execute(f"describe from read_parquet('{rows}')").fetchall()}
    lacking = [
        f"cast(null as {type}) as {name}" for name, type in conformed_shape("customers").items() if name not in given
    ]
    columns = ", ".join(["* exclude (entity_id)", *lacking])
    return f"select {columns} from read_parquet('{rows}')"
