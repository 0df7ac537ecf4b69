"""How plans, runs and verifications are told to a person at a terminal. Counts, reasons and names of fields only."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from pipelines.ledger import open_ledger, plan_lines
from pipelines.ledger import plans as plans_table
from pipelines.publish.apply import Report
from pipelines.publish.decide import ACTIONS
from pipelines.publish.store import Plan
from pipelines.publish.verify import Verification
from pipelines.resources import Settings

SHOWN = 10
_IDS = re.compile(r"\b[CPVR]-\w+|\d+")


def plans(settings: Settings) -> Iterator[str]:
    """A line per plan in the ledger, newest first."""
    query = sa.select(plans_table).order_by(plans_table.c.seq.desc())
    with open_ledger(settings.ledger_url).connect() as connection:
        for row in connection.execute(query):
            yield f"{row.plan_id}  {row.state:<9} by {row.made_by}, expires {row.expires_at:%Y-%m-%d %H:%M} UTC"


def show_plan(console: Console, settings: Settings, plan: Plan) -> None:
    """Counts by object and action, fields to change, caps exceeded, the commonest reasons for what is not written."""
    columns = ("rows", "existing", *ACTIONS)
    table = Table("object", *columns, box=None)
    for name, counts in plan.summary["objects"].items():
        table.add_row(name, *(f"{counts.get(column, 0):,}" for column in columns))
    console.print(table)
    for name, counts in plan.summary["objects"].items():
        changed = ", ".join(f"{field} {count:,}" for field, count in counts["fields"].items())
        for said in (changed and f"changes {changed}", counts.get("closed")):
            if said:
                console.print(f"{name}: {said}")
        for said in _merging(counts.get("merges", {})):
            console.print(f"{name}: {said}")
    for cap in plan.summary["caps"]:
        console.print(f"beyond a cap: {cap}")
    for count, action, reason in _reasons(settings, plan):
        console.print(f"{count:>7,} {action}: {reason}")
    if first := plan.summary.get("canary"):
        console.print(f"canary: {first:,} records are written first and read back before the others follow")
    if plan.empty:
        console.print(f"{plan.plan_id}: nothing to write, Odoo is as golden wants it")
    else:
        console.print(f"{plan.plan_id}: {plan.changes:,} records to write; next: assay approve {plan.plan_id}")


def show_run(console: Console, report: Report) -> None:
    """What became of the lines of a run, fields written, and the first exceptions."""
    outcomes = ", ".join(f"{count:,} {outcome}" for outcome, count in sorted(report.outcomes.items()) if count)
    console.print(f"{report.run_id}: {outcomes or 'nothing to do'}; {report.fields:,} fields")
    for exception in report.exceptions[:SHOWN]:
        console.print("  " + ", ".join(f"{key} {value}" for key, value in exception.items()))
    if len(report.exceptions) > SHOWN:
        console.print(f"  and {len(report.exceptions) - SHOWN:,} more, in the ledger's attempts")


def show_verification(console: Console, found: Verification) -> None:
    """How many fields stand as written."""
    mismatches = len(found.mismatches)
    console.print(
        f"{found.run_id}: {found.matched:,} fields as written, {mismatches:,} not, {found.superseded:,} later"
    )
    for mismatch in found.mismatches[:SHOWN]:
        console.print("  " + ", ".join(f"{key} {value}" for key, value in mismatch.items()))


@contextmanager
def progress(console: Console, what: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar; call what it yields with (done, total)."""
    with Progress(console=console, transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


@contextmanager
def models(console: Console) -> Iterator[Callable[[dict[str, Any]], None]]:
    """A progress bar of dbt's models and tests; call what it yields with each event of dbt's log."""
    with Progress(console=console, transient=True) as bar:
        task = bar.add_task("starting dbt", total=None)

        def tick(event: dict[str, Any]) -> None:
            at, total = event["data"].get("index"), event["data"].get("total")
            if at and total:
                name = event["data"].get("node_info", {}).get("node_name", "")
                bar.update(task, completed=at, total=total, description=name[:40])

        yield tick


def _merging(impact: dict[str, Any]) -> Iterator[str]:
    """What the merges of one object would do: rows by model and field that move, that clash, that stay and why."""
    if refused := impact.get("not supported"):
        yield f"nothing is merged, {refused}"
    if "clusters" in impact:
        yield f"{impact['clusters']:,} merges archive {impact['archived']:,} records"
        told = {"moves": "", "clashes": ", where the survivor has its own; stays", "stays": ""}
        for what, why in told.items():
            for where, count in impact[what].items():
                yield f"  {what} {count:,} {where}{why}"


def _reasons(settings: Settings, plan: Plan) -> list[tuple[int, str, str]]:
    """(count, action, reason) of what is not written; reasons that differ in ids only are one, told by an example."""
    query = sa.select(plan_lines.c.object, plan_lines.c.action, plan_lines.c.reason).where(
        plan_lines.c.plan_id == plan.plan_id, plan_lines.c.reason.is_not(None)
    )
    counted, example = Counter(), {}
    with open_ledger(settings.ledger_url).connect() as connection:
        for name, action, reason in connection.execute(query.order_by(plan_lines.c.line)):
            alike = (name, action, _IDS.sub("#", reason))
            counted[alike] += 1
            example.setdefault(alike, f"{name}: {reason}")
    return [(count, alike[1], example[alike]) for alike, count in counted.most_common(SHOWN)]
