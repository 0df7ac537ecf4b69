"""Runs the dbt project: prepare, build, docs.

dbt runs as a child process, the only one that opens the warehouse; everybody else reads what exports.py writes.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import sqlalchemy as sa

from pipelines import changes, dbt_child, exports, ledger, trained
from pipelines.landing import prepare_landing, recover
from pipelines.manifest import prepared_manifest
from pipelines.resources import PROJECT, Settings, child_environment
from pipelines.unheard import heard, reading_both, unheard_models
from sources.contract import load_contracts

DBT_PROJECT = PROJECT / "dbt_project"
LOG = Path("logs", "dbt.log")
TIDIED = 16  # about one build of what changed in so many closes the gaps that rows taken out of tables leave
Event = dict[str, Any]
RECEIPTS = pa.schema(
    [
        ("seq", pa.int64()),
        ("run_id", pa.string()),
        ("run_kind", pa.string()),
        ("object", pa.string()),
        ("odoo_id", pa.int64()),
        ("field", pa.string()),
        ("golden_id", pa.string()),
        ("before", pa.string()),
        ("after", pa.string()),
        ("written_at", pa.timestamp("us")),
    ]
)


class BuildFailed(RuntimeError):
    """dbt said no; the message lists the models and tests that failed, never a value."""


@dataclass(frozen=True)
class BuildResult:
    """What one dbt run did: how many nodes ended how, the seconds of each model, and the seconds altogether.

    `changed` names the tables and views that may hold other rows than before; None where nobody knows.
    """

    counts: dict[str, int]
    seconds_by_model: dict[str, float]
    seconds: float
    changed: frozenset[str] | None = None


def prepare(settings: Settings) -> None:
    """Make everything that dbt reads exist: a recovered landing with a file per stream, and the ledger's receipts."""
    recover(settings.landing)
    prepare_landing(load_contracts(), settings.landing)
    (settings.home / "spill").mkdir(parents=True, exist_ok=True)
    export_receipts(settings)


def build(
    settings: Settings,
    select: str | None = None,
    on_event: Callable[[Event], None] | None = None,
    full: bool = False,
    run_id: str | None = None,
) -> BuildResult:
    """Build and test what changed since the last complete build; all of the project if its rules have, or with `full`.

    `select` names a part in dbt's selection syntax, made whole; the next build is then one of everything. Unit tests
    are left out, and so are the models of systems that have never landed anything.

    `on_event` gets dbt's log while it runs, `{info, data}` per event; the ledger's events of golden ids carry `run_id`.
    Raises BuildFailed.
    """
    prepare(settings)
    manifest = json.loads(parsed(settings).read_bytes())
    due = changes.find(settings, DBT_PROJECT)
    chosen, said = ["--full-refresh"], {"unheard": unheard_models(manifest, heard(due.files))}
    if select:
        chosen += ["--select", select]
    elif not full and due.news is not None:
        if not due.news:
            return BuildResult({}, {}, 0.0, frozenset())
        read = [f"source:{stream.replace('/', '.')}+" for stream in due.news]
        tidies = sum(map(len, due.files.values())) % TIDIED == 0
        chosen, said = ["--select", *read], said | {"new_files": due.news, "tested_whole": due.failed, "tidies": tidies}
    left_out = said["unheard"]
    if "new_files" in said:
        # No news come to who was never heard.
        left_out = [*spared(settings, manifest, due.news), *reading_both(manifest, left_out)]
    if left_out:
        chosen += ["--exclude", *left_out]
    exports.expect(settings)
    changes.begin(settings)
    try:
        result = run_dbt(
            settings,
            *("build", "--exclude-resource-type", "unit_test", *chosen, "--vars", json.dumps(said)),
            on_event=on_event,
            run_id=run_id,
        )
        if "new_files" in said:
            result = replace(result, changed=changes.changed(settings, manifest, result.seconds_by_model))
        return result
    finally:
        became = {r["unique_id"].split(".")[2]: r["status"] for r in _outcome(settings.home / "dbt").get("results", [])}
        changes.end(settings, due, DBT_PROJECT, became, part=bool(select))


def spared(settings: Settings, manifest: Mapping[str, Any], news: Collection[str]) -> list[str]:
    """What no build of what changed makes, as dbt selects it: views, which show what their tables hold, what was learnt
    and lasts, and what rests on one stream alone if that is not among the `news`."""
    engine = ledger.open_ledger(settings.ledger_url)
    lasts = {domain for domain in changes.DOMAINS if trained.lasts(engine, domain)}

    def is_left_out(meta: Mapping[str, Any]) -> bool:
        return meta.get("learnt") in lasts or "rests_on" in meta and meta["rests_on"] not in news

    models = (node for node in manifest["nodes"].values() if node["resource_type"] == "model")
    return ["config.materialized:view", *(m["name"] for m in models if is_left_out(m["config"]["meta"]))]


def get_ready(settings: Settings, run_id: str) -> None:
    """Let dbt be loaded beside what else goes on: a build of this run follows."""
    dbt_child.get_ready(child_environment(settings, run_id))


def run_dbt(
    settings: Settings,
    *arguments: str,
    on_event: Callable[[Event], None] | None = None,
    run_id: str | None = None,
    project: Path | None = None,
) -> BuildResult:
    """Run one dbt command of `project` (default: ours) on the warehouse of `settings`.

    Raises BuildFailed with what failed and where to read why.
    """
    manifest = parsed(settings, project)
    return _run_dbt(settings, manifest.parent, *arguments, on_event=on_event, run_id=run_id, project=project)


def parsed(settings: Settings, project: Path | None = None) -> Path:
    """The path of dbt's manifest, fit for the project as it stands. Raises BuildFailed when dbt cannot parse it."""

    def parse(settings: Settings, folder: Path) -> BuildResult:
        return _run_dbt(settings, folder, "parse", project=project)

    return prepared_manifest(settings, project or DBT_PROJECT, parse)


def _run_dbt(
    settings: Settings,
    target: Path,
    *arguments: str,
    on_event: Callable[[Event], None] | None = None,
    run_id: str | None = None,
    project: Path | None = None,
) -> BuildResult:
    (target / "run_results.json").unlink(missing_ok=True)
    project = project or DBT_PROJECT
    places = ["--project-dir", project, "--profiles-dir", project, "--target-path", target]
    process = dbt_child.begin(child_environment(settings, run_id), [*arguments, *places])
    lines = []
    (target / "logs").mkdir(exist_ok=True)
    try:
        with (target / LOG).open("w") as log:
            for line in process.stdout:
                event = _event(line)
                lines.append(event["info"]["msg"])
                log.write(f"{lines[-1]}\n")
                if on_event:
                    on_event(event)
    finally:
        process.stdin.close()
        status = process.wait()
    outcome = _outcome(target)
    if status:
        raise BuildFailed(_failures(outcome, lines, target))
    results = [result for result in outcome.get("results", []) if not result["unique_id"].startswith("operation.")]
    return BuildResult(
        dict(Counter(str(result["status"]) for result in results)),
        {result["unique_id"].split(".")[2]: result["execution_time"] for result in results},
        outcome.get("elapsed_time", 0.0),
    )


def export_receipts(settings: Settings) -> Path:
    """Write what Assay last published to exports/ledger/receipts.parquet, the dbt source `ledger.receipts`.

    Only receipts of the Odoo that was published to last: those of another one say nothing about what this one holds.
    Receipts are only ever added, so a file that ends with the newest stays.
    """
    path = settings.exports / "ledger" / "receipts.parquet"
    engine = ledger.open_ledger(settings.ledger_url)
    with engine.connect() as connection:
        newest = connection.scalar(sa.select(sa.func.max(ledger.receipts.c.seq)))
    until = hashlib.sha256(f"{settings.ledger_url} {newest}".encode()).hexdigest()
    if path.exists() and (pq.read_schema(path).metadata or {}).get(b"until") == until.encode():
        return path
    receipts, runs = ledger.receipts.c, ledger.publish_runs.c
    query = (
        sa.select(
            receipts.seq,
            receipts.run_id,
            runs.kind.label("run_kind"),
            receipts.object,
            receipts.odoo_id,
            receipts.field,
            receipts.golden_id,
            receipts.before,
            receipts.after,
            receipts.written_at,
        )
        .join_from(ledger.receipts, ledger.publish_runs, receipts.run_id == runs.run_id)
        .where(receipts.target == sa.select(receipts.target).order_by(receipts.seq.desc()).limit(1).scalar_subquery())
        .order_by(receipts.seq)
    )
    with engine.connect() as connection:
        rows = connection.execute(query).all()
    columns = list(zip(*rows, strict=True)) or [()] * len(RECEIPTS)
    path.parent.mkdir(parents=True, exist_ok=True)
    arrays = [pa.array(values, field.type) for values, field in zip(columns, RECEIPTS, strict=True)]
    pq.write_table(
        pa.table(arrays, RECEIPTS.with_metadata({"until": until})), path.with_suffix(".partial"), compression="zstd"
    )
    os.replace(path.with_suffix(".partial"), path)
    return path


def docs(settings: Settings, path: Path | None = None) -> Path:
    """Write the dbt docs as one static HTML file (default: exports/docs.html) and return its path."""
    prepare(settings)
    run_dbt(settings, "docs", "generate", "--static")
    path = path or settings.exports / "docs.html"
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(settings.home / "dbt" / "static_index.html", path)
    return path


def _event(line: str) -> Event:
    """One line of dbt's log; what is not JSON (a library's warning, a crash) as an event of its own."""
    try:
        event = json.loads(line)
    except ValueError:
        event = None
    return event if isinstance(event, dict) else {"info": {"name": "Output", "msg": line.rstrip()}, "data": {}}


def _outcome(target: Path) -> dict[str, Any]:
    path = target / "run_results.json"
    return json.loads(path.read_bytes()) if path.exists() else {}


def _failures(outcome: dict[str, Any], lines: list[str], target: Path) -> str:
    failed = [result for result in outcome.get("results", []) if result["status"] in ("error", "fail")]
    if not failed:
        return "\n".join(["dbt stopped before it ran a model:", *lines[-15:]])
    listed = [f"  {result['unique_id'].split('.')[2]}: {result['status']}, {_reason(result)}" for result in failed[:20]]
    return "\n".join([f"{len(failed)} models or tests failed; the log is {target / LOG}", *listed])


def _reason(result: dict[str, Any]) -> str:
    """The error without the values that databases like to quote."""
    if result["status"] == "fail":
        return f"{result['failures']} rows break it"
    told = [line.strip() for line in (result["message"] or "").splitlines() if line.strip()]
    if "Traceback (most recent call last):" in told:
        told = [line for line in told if re.match(r"[\w.]+(Error|Exception)\b", line)][-1:] or told[:1]
    return re.sub(r"'[^']*'", "'…'", " ".join(told)[:300])
