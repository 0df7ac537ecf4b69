"""Matching against plain Splink on the same rows, machine and run: seconds by phase, CPU seconds, peak memory, quality.

`python -m benchmarks match`, or `make bench-match`; ASSAY_BENCH_ROWS names the sizes. Both begin with conformed
customers and end with clusters; ours goes on to golden ids. Splink gets normalised values, the blocking rules that
find most, term frequencies and expectation maximisation on three blocks, as its documentation advises.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import sys
import time
from collections import defaultdict
from pathlib import Path

import duckdb

from benchmarks.measure import Cost, run
from benchmarks.people import generate
from pipelines import evaluate, ledger, resources, transform
from pipelines.mapping import conformed_shape

ROWS = os.environ.get("ASSAY_BENCH_ROWS", "100000,1000000,5000000")
SEEDS = ("nicknames", "match_overrides", "placeholder_values", "calling_codes")
PHASES = {
    "normalise": ("originals", "normalised", "counts", "vocabulary", "placeholders", "evidence"),
    "block": ("blocks", "pairs"),
    "compare and score": ("comparisons", "scores"),
    "train": ("chance", "model"),
    "cluster": ("decisions", "components", "within", "clusters"),
    "ids": ("ids",),
}
TARGET_RATIO, TARGETS_GB = 0.5, {1_000_000: 3.0, 5_000_000: 12.0}
SPLINK_BLOCKS = (
    ("email",),
    ("phone",),
    ("mobile",),
    ("loyalty_code",),
    ("first_name", "last_name"),
    ("last_name", "zip"),
    ("first_name", "zip"),
    ("first_name", "birth_on"),
    ("last_name", "birth_on"),
    ("street", "zip"),
)


def main() -> None:
    """Print both for every size; state stays in .assay/bench and is removed at the end of each size."""
    for rows in (int(size) for size in ROWS.split(",")):
        home = resources.settings().home / "bench" / f"match-{rows}"
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(parents=True)
        began = time.perf_counter()
        generate(home / "customers.parquet", rows)
        print(f"{rows:,} customer rows, made in {time.perf_counter() - began:.0f} s", flush=True)
        costs = {}
        for who in ("assay", "splink"):
            costs[who] = run(["-m", "benchmarks.match", who], {"ASSAY_HOME": str(home)})
            _report(who, costs[who], home, rows)
        ratio = costs["assay"].wall_s / costs["splink"].wall_s
        print(
            f"  assay / splink: {ratio:.2f} of the seconds (target at most {TARGET_RATIO}), "
            f"{costs['assay'].cpu_s / costs['splink'].cpu_s:.2f} of the CPU seconds",
            flush=True,
        )
        shutil.rmtree(home)


def _report(who: str, cost: Cost, home: Path, rows: int) -> None:
    target = f" (target below {TARGETS_GB[rows]:.0f} GB)" if who == "assay" and rows in TARGETS_GB else ""
    print(f"  {who:<10}{cost.wall_s:8.1f} s{cost.cpu_s:8.1f} CPU-s{cost.peak_gb:7.2f} GB{target}")
    told = json.loads((home / f"{who}.json").read_text())
    for phase, seconds in told["seconds"].items():
        print(f"    {phase:<20}{seconds:8.1f} s")
    print(f"    pairs precision {told['precision']:.3f} recall {told['recall']:.3f} F1 {told['f1']:.3f}", flush=True)


def assay() -> None:
    """The project's own models, from conformed customers to golden ids. Two run at a time: phases overlap."""
    settings = resources.settings()
    ledger.open_ledger(settings.ledger_url)
    (settings.home / "spill").mkdir(exist_ok=True)
    transform.run_dbt(settings, "seed", "--select", *SEEDS)
    with duckdb.connect(str(settings.warehouse)) as warehouse:
        warehouse.execute("create schema conformed")
        _lay(warehouse, settings.home / "customers.parquet")
        warehouse.execute("""
            create table conformed.conformed_customers__placeholders as
            select kind, part, value, reason from seeds.placeholder_values
        """)
    built = transform.run_dbt(settings, "run", "--select", "matched.customers,+matched_customers__ids")
    seconds = defaultdict(float)
    for model, spent in built.seconds_by_model.items():
        part = model.removeprefix("matched_customers__")
        seconds[next((phase for phase, parts in PHASES.items() if part in parts), "other")] += spent
    with duckdb.connect(str(settings.warehouse), read_only=True) as warehouse:
        clusters = "select record_id, customer_id as cluster_id from matched.matched_customers__ids"
        _note(settings.home, "assay", dict(seconds), warehouse.execute(clusters).to_arrow_table())


def _lay(warehouse: duckdb.DuckDBPyConnection, rows: Path) -> None:
    """The generated customers as conformed records; an attribute that none of them has is null."""
    given = {name for name, *_ in warehouse.execute(f"describe from read_parquet('{rows}')").fetchall()}
    lacking = [
        f"cast(null as {type}) as {name}" for name, type in conformed_shape("customers").items() if name not in given
    ]
    columns = ", ".join(["* exclude (entity_id)", *lacking])
    warehouse.execute(f"create table conformed.conformed_customers as select {columns} from read_parquet('{rows}')")


def splink() -> None:
    """Splink 5 as its documentation advises, on lower case without accents, digits, and without placeholders."""
    import splink.comparison_library as cl
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    logging.getLogger("splink").setLevel(logging.ERROR)
    home = resources.settings().home
    clock = _Clock()
    connection = duckdb.connect(str(home / "splink.duckdb"))
    connection.execute("set memory_limit = '12GB'")
    connection.execute(SPLINK_ROWS.format(path=home / "customers.parquet"))
    clock.lap("normalise")
    rules = [block_on(*columns) for columns in SPLINK_BLOCKS]
    comparisons = [
        cl.NameComparison("first_name").configure(term_frequency_adjustments=True),
        cl.NameComparison("last_name").configure(term_frequency_adjustments=True),
        cl.DateOfBirthComparison("birth_on", input_is_string=False),
        cl.JaroWinklerAtThresholds("email", [0.95]).configure(term_frequency_adjustments=True),
        cl.ExactMatch("phone").configure(term_frequency_adjustments=True),
        cl.ExactMatch("mobile").configure(term_frequency_adjustments=True),
        cl.ExactMatch("loyalty_code"),
        cl.ExactMatch("zip").configure(term_frequency_adjustments=True),
        cl.JaroWinklerAtThresholds("street", [0.9]),
    ]
    settings = SettingsCreator(
        link_type="dedupe_only",
        comparisons=comparisons,
        blocking_rules_to_generate_predictions=rules,
        retain_matching_columns=False,
        unique_id_column_name="record_id",
    )
    linker = Linker(DuckDBAPI(connection).register("given"), settings, log_level=logging.ERROR)
    linker.training.estimate_probability_two_random_records_match([block_on("email", "first_name")], recall=0.5)
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
    for columns in (("email",), ("first_name", "last_name"), ("mobile",)):
        linker.training.estimate_parameters_using_expectation_maximisation(block_on(*columns))
    clock.lap("train")
    pairs = linker.inference.predict(threshold_match_probability=0.5)
    clock.lap("block, compare, score")
    clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(pairs, threshold_match_probability=0.9)
    clock.lap("cluster")
    found = connection.execute(f"select record_id, cluster_id from {clusters.physical_name}").to_arrow_table()
    _note(home, "splink", clock.seconds, found)


SPLINK_ROWS = """
create table given as
select
    record_id,
    lower(strip_accents(first_name)) as first_name,
    lower(strip_accents(last_name)) as last_name,
    case when email not like 'noemail%' then lower(email) end as email,
    right(phone, 9) as phone,
    right(mobile, 9) as mobile,
    loyalty_code,
    case when birth_on > date '1900-01-01' then birth_on end as birth_on,
    lower(street) as street,
    zip
from read_parquet('{path}')
"""


class _Clock:
    """Seconds from lap to lap."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.last = time.perf_counter()

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self.seconds[name], self.last = now - self.last, now


def _note(home: Path, who: str, seconds: dict[str, float], clusters) -> None:
    truth = duckdb.sql(f"select record_id, cast(entity_id as varchar) as entity_id from '{home}/customers.parquet'")
    quality = evaluate.score(clusters, truth.to_arrow_table())
    told = {"seconds": seconds, "precision": quality.precision, "recall": quality.recall, "f1": quality.f1}
    (home / f"{who}.json").write_text(json.dumps(told))


if __name__ == "__main__":
    {"assay": assay, "splink": splink}[sys.argv[1]]()
