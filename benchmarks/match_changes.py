"""What matching has to do again: 1,000 new records on top of a full run, then 1 % of all records changed.

Both go through the build of what changed, on the state that the full run left; after them a full run on the same
records has to find the same clusters. dbt is loaded before the clock starts, as it is beside an extraction; from then
on everything counts: dbt's work, the models, the ledger and the end of the process.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import duckdb

from benchmarks import match
from benchmarks.measure import Cost, cpu_s, run
from pipelines import changes, resources, transform

TARGET_S, TARGET_SHARE = 2.0, 0.03
QUIET_S = 2  # dbt has loaded when it has not computed for so long
NEWS = {"bench/customers": ["changed"]}
SAID = json.dumps({"new_files": NEWS, "unheard": [], "tested_whole": []})
CHANGED = """
select * exclude (draw) replace (
    case when draw % 3 = 0 then 'moved.' || coalesce(email, record_id || '@neu.example') else email end as email,
    case when draw % 3 = 1 then 'Nova ' || coalesce(street, 'Street 1') else street end as street,
    case when draw % 3 = 2 then last_name || 'ova' else last_name end as last_name
)
from (select *, hash(record_id, 'changed') // 100 as draw from conformed.conformed_customers)
where hash(record_id, 'changed') % 100 = 0
"""


def report(home: Path, full: Cost, environment: dict[str, str]) -> None:
    """Print what came after the `full` run cost, in seconds, and in shares of what matching anew costs."""
    costs = {what: run(["-m", "benchmarks.match_changes", what], environment) for what in PARTS}
    told = {what: json.loads((home / f"{what}.json").read_text()) for what in PARTS}
    print(
        f"  {match.NEW:,} new records to golden ids: {told['new']['wall_s']:.2f} s (target below {TARGET_S:.0f} s), in "
        f"models {sum(told['new']['seconds'].values()):.2f} s; {told['new']['cpu_s']:.1f} CPU-s, "
        f"{costs['new'].cpu_s:.1f} with loading dbt"
    )
    for phase, seconds in told["new"]["seconds"].items():
        print(f"    {phase:<24}{seconds:8.2f} s")
    again, some = told["again"], told["changed"]
    print(
        f"  1 % of records changed: {some['wall_s']:.2f} s, {some['wall_s'] / again['wall_s']:.3f} of a full run's; "
        f"{sum(some['seconds'].values()) / sum(again['seconds'].values()):.3f} of the seconds in models; "
        f"{some['cpu_s']:.1f} CPU-s, {some['cpu_s'] / again['cpu_s']:.3f} of a full run's "
        f"(target below {TARGET_SHARE}), {costs['changed'].cpu_s / full.cpu_s:.3f} with loading dbt"
    )
    print(f"    clusters as a full run finds them: {'yes' if again['same'] else 'NO'}", flush=True)


def new() -> None:
    """The records of new.parquet come."""
    home = resources.settings().home
    with duckdb.connect() as db:
        _measure("new", match.conformed(db, home / "new.parquet"))


def changed() -> None:
    """One record in a hundred has another e-mail address, street or family name."""
    _measure("changed", CHANGED)


def again() -> None:
    """Everything once more, with the same model: the clusters must be those that the changes led to."""
    settings = resources.settings()
    before = _clusters(settings)
    told = _timed(settings, "--full-refresh")
    told["same"] = _clusters(settings) == before
    (settings.home / "again.json").write_text(json.dumps(told))


PARTS = {"new": new, "changed": changed, "again": again}


def _measure(what: str, rows: str) -> None:
    """Put `rows` into the conformed records, note that they changed, as the model of these does, and match."""
    settings = resources.settings()
    changes.begin(settings)
    with duckdb.connect(str(settings.warehouse)) as warehouse:
        warehouse.execute(f"""
            create table changed.conformed_customers__made as {rows};
            create table changed.conformed_customers as select record_id from changed.conformed_customers__made;
            create table changed.conformed_customers__touched as
            select record_id as key from changed.conformed_customers__made;
            create table changed.conformed_customers__before as
            from conformed.conformed_customers semi join changed.conformed_customers using (record_id);
            delete from conformed.conformed_customers where record_id in (from changed.conformed_customers);
            insert into conformed.conformed_customers by name from changed.conformed_customers__made;
        """)
    spared = transform.spared(settings, json.loads(transform.parsed(settings).read_bytes()), NEWS)
    told = _timed(settings, "--exclude", *spared, *match.SEEDS, "--vars", SAID)
    with duckdb.connect(str(settings.warehouse)) as warehouse:
        warehouse.execute("drop schema changed cascade")
    (settings.home / f"{what}.json").write_text(json.dumps(told))


def _timed(settings: resources.Settings, *arguments: str) -> dict:
    transform.get_ready(settings, match.RUN)
    spent = None
    while spent != (spent := cpu_s()):
        time.sleep(QUIET_S)
    began = time.perf_counter()
    built = match.match(settings, *arguments)
    cost = {"wall_s": time.perf_counter() - began, "cpu_s": cpu_s() - spent}
    return {**cost, "seconds": match.phases(built)}


def _clusters(settings: resources.Settings) -> list[tuple]:
    with duckdb.connect(str(settings.warehouse), read_only=True) as warehouse:
        return warehouse.execute("from matched.matched_customers__clusters order by all").fetchall()


if __name__ == "__main__":
    PARTS[sys.argv[1]]()
