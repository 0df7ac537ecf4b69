"""Undo: put back what a run changed, wherever nobody has touched it since; list the rest. Nothing is deleted.

A record that the run created is retired (archived; a price rule is given a window long past) and keeps its external
id, so that a later plan finds it again instead of creating a second one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from typing import Any

import orjson
import sqlalchemy as sa

from pipelines import audit
from pipelines.ledger import open_ledger
from pipelines.publish import receipts, unmerges
from pipelines.publish.apply import Report, refuse_other_target, report, settle, writer_for
from pipelines.publish.authority import Authority, load_authority, refuse_unauthorised
from pipelines.publish.deliver import deliver
from pipelines.publish.lease import Lease, leased
from pipelines.publish.merge_write import MERGES
from pipelines.publish.policy import Policy, load_policy
from pipelines.publish.receipts import Outcome, Run
from pipelines.publish.refusal import PublishRefused
from pipelines.publish.store import Line, chunks, set_state
from pipelines.publish.values import same, seen
from pipelines.publish.write import Writer, look_up
from pipelines.resources import Settings
from sources.odoo.actions import GOLDEN_ID
from sources.odoo.client import OdooClient, search_read
from sources.odoo.merging import MERGED_INTO

TOUCHED = "touched in Odoo since the run; kept"


def undo_run(
    settings: Settings,
    client: OdooClient,
    run_id: str,
    now: datetime,
    actor: str,
    progress: Callable[[int, int], None] = lambda done, total: None,
    policy: Policy | None = None,
    authority: Authority | None = None,
) -> Report:
    """Restore every field that the run wrote and nobody changed since; the report's exceptions are the others.

    An interrupted undo goes on where it ended. Raises PublishRefused (unknown run, no role, an undo, undone already,
    another database, another apply under way, merged on by a later run) and the errors of Odoo's client.
    """
    policy, authority = policy or load_policy(), authority or load_authority()
    engine = open_ledger(settings.ledger_url)
    with engine.connect() as connection:
        run = receipts.find_run(connection, run_id)
        refuse_unauthorised(authority, policy, actor, "undo", receipts.records_of(connection, run))
        erasure = receipts.erases(connection, run)
    if run.kind != "apply":
        raise PublishRefused(f"{run_id} is itself an undo", "make a new plan and apply it to publish again")
    if erasure:
        raise PublishRefused(f"{run_id} erased people, and what it blanked is kept nowhere", "ask them anew")
    refuse_other_target(run.target, client)
    with leased(engine, run.target) as lease:
        settle(engine, client, policy, run.target, now)
        _refuse_merged_on(engine, run)
        undo = _begin(engine, run, now, actor)
        with engine.connect() as connection:
            later = receipts.superseded(connection, run)
            total = receipts.count(connection, run)
            settled = receipts.settled_lines(connection, undo)
        tasks = (_task(rows, policy, later) for rows in receipts.by_record(engine, run))
        done = 0
        for (name, way), alike in groupby(tasks, key=_way):
            writer = writer_for(client, policy, name, undo.run_id, quiet=total > policy.quiet_above)
            put_back = _put_back_merges if way in MERGES else _put_back
            for some in chunks(alike, policy.batch):
                put_back(engine, lease, undo, writer, some, settled, now)
                done += sum(task.fields for task in some)
                progress(done, total)
        return _finish(engine, run, undo, now, actor)


@dataclass(frozen=True)
class Task:
    """How to put back one record: the line to write, what a created record must still hold, what is not ours now."""

    line: Line
    fields: int
    expected: dict[str, Any]
    later: dict[str, str]


def _way(task: Task) -> tuple[str, str]:
    return task.line.object, task.line.action


def _task(rows: list[sa.Row], policy: Policy, later: dict[tuple[str, int, str], str]) -> Task:
    first = rows[0]
    if any(row.field == MERGED_INTO for row in rows):
        return _merge_task(rows, later)
    wrote = {row.field: orjson.loads(row.after) for row in rows if row.field != GOLDEN_ID}
    found = {row.field: orjson.loads(row.before) for row in rows if row.field != GOLDEN_ID}
    taken = {name: later[where] for name in wrote if (where := (first.object, first.odoo_id, name)) in later}
    line = Line(first.object, "update", first.golden_id, first.odoo_id, wrote, found, line=first.line)
    if not first.created_record:
        before = {name: value for name, value in wrote.items() if name not in taken}
        after = {name: found[name] for name in before}
        return Task(replace(line, before=before, after=after), len(rows), {}, taken)
    retire = policy.objects[first.object].retire
    before = {name: wrote.get(name, True if value is False else None) for name, value in retire.items()}
    return Task(replace(line, before=before, after=dict(retire)), len(rows), wrote, taken)


def _merge_task(rows: list[sa.Row], later: dict[tuple[str, int, str], str]) -> Task:
    """How to take a merge back; a record that a later run has archived, an erasure for one, stays so."""
    line, kept = unmerges.inverse(rows), {}
    for row in rows:
        where = (row.object, row.odoo_id, "active")
        if row.field == "active" and where in later:
            line.before["losers"][str(row.odoo_id)].pop("active", None)
            kept[f"{row.object}/{row.odoo_id}.active"] = later[where]
    return Task(line, len(rows), {}, kept)


def _put_back(
    engine: sa.Engine,
    lease: Lease,
    undo: Run,
    writer: Writer,
    tasks: list[Task],
    settled: dict[int, str],
    now: datetime,
) -> None:
    """Write one batch of tasks that an earlier process has not settled."""
    tasks = [task for task in tasks if settled.get(task.line.line, "sent") in ("sent", "busy")]
    outcomes, rest = look_up(writer, [task.line for task in tasks if task.line.line in settled])
    known = {outcome.line.line for outcome in outcomes}
    tasks = [task for task in tasks if task.line.line not in known]
    refused = _touched(writer, tasks)
    lines = [task.line for task in tasks if task.line.line not in refused and task.line.after]
    with engine.begin() as connection:
        lease.renew(connection)
        receipts.mark_sent(connection, undo, lines)
    outcomes += deliver(writer, lines) if lines else []
    outcomes += [
        Outcome(task.line, "conflict", task.line.odoo_id, detail=refused[task.line.line])
        for task in tasks
        if task.line.line in refused
    ]
    by_line = {task.line.line: task for task in tasks}
    with engine.begin() as connection:
        lease.renew(connection)
        receipts.record(connection, undo, [_explained(outcome, by_line) for outcome in outcomes], now)


def _put_back_merges(
    engine: sa.Engine,
    lease: Lease,
    undo: Run,
    writer: Writer,
    tasks: list[Task],
    settled: dict[int, str],
    now: datetime,
) -> None:
    """Take back merges that an earlier process has not settled; each call compares, so that it may be sent again."""
    by_line = {task.line.line: task for task in tasks if settled.get(task.line.line, "sent") in ("sent", "busy")}
    for line in (task.line for task in by_line.values()):
        with engine.begin() as connection:
            lease.renew(connection)
            receipts.mark_sent(connection, undo, [line])
        outcomes = deliver(writer, [line])
        with engine.begin() as connection:
            receipts.record(connection, undo, [_explained(outcome, by_line) for outcome in outcomes], now)


def _touched(writer: Writer, tasks: list[Task]) -> dict[int, dict[str, Any]]:
    """Why a record is left whole, by line: a created one that somebody works with, or one that a later run wrote."""
    refused = {task.line.line: _later(task) for task in tasks if task.later and (task.expected or not task.line.after)}
    created = [task for task in tasks if task.expected and task.line.line not in refused]
    if created:
        fields = sorted({name for task in created for name in task.expected})
        ids = [("id", "in", [task.line.odoo_id for task in created])]
        current = {row["id"]: row for row in search_read(writer.client, writer.model, fields, ids)}
        for task in created:
            row = current.get(task.line.odoo_id)
            kept = (
                []
                if row is None
                else [
                    name
                    for name, value in task.expected.items()
                    if not same(seen(writer.kinds[name], row[name]), value)
                ]
            )
            if kept:
                refused[task.line.line] = {"kept": kept, "problem": TOUCHED}
    return refused


def _explained(outcome: Outcome, tasks: dict[int, Task]) -> Outcome:
    """The outcome with every field that stays, whether a person or a later run has it."""
    task = tasks.get(outcome.line.line)
    kept = list(outcome.detail.get("kept", []))
    if task and task.later and outcome.state == "done":
        return replace(outcome, detail={**_later(task), "kept": kept + sorted(task.later)})
    return replace(outcome, detail={"kept": kept, "problem": TOUCHED}) if kept and outcome.state == "done" else outcome


def _later(task: Task) -> dict[str, Any]:
    runs = ", ".join(sorted(set(task.later.values())))
    return {"kept": sorted(task.later), "problem": f"written again by {runs}; undo that first"}


def _refuse_merged_on(engine: sa.Engine, run: Run) -> None:
    """Raises PublishRefused where what a merge of the run made was merged again: its references are further on."""
    with engine.connect() as connection:
        found = unmerges.merged_on(connection, run.run_id, run.target)
    if found:
        name, record, into, later = found
        said = f"{run.run_id} merged into {name} {record}, which {later} has merged into {into}"
        raise PublishRefused(said, f"undo {later} first")


def _begin(engine: sa.Engine, run: Run, now: datetime, actor: str) -> Run:
    with engine.begin() as connection:
        undo = receipts.run_that_undoes(connection, run.run_id)
        if undo and receipts.status(connection, undo.run_id) == "succeeded":
            raise PublishRefused(f"{run.run_id} was undone by {undo.run_id}", "plan and apply to publish again")
        resumed = undo is not None
        undo = undo or receipts.begin(connection, "undo", run.plan_id, run.target, now, undoes=run.run_id)
        detail = {"run": undo.run_id, "undoes": run.run_id, "resumed": resumed}
        audit.append(connection, actor, "undo", detail, now)
    return undo


def _finish(engine: sa.Engine, run: Run, undo: Run, now: datetime, actor: str) -> Report:
    found = report(engine, undo)
    with engine.begin() as connection:
        summary = {"undoes": run.run_id, "outcomes": found.outcomes, "fields": found.fields}
        receipts.end(connection, undo, "succeeded" if found.complete else "failed", summary, now)
        set_state(connection, run.plan_id, "undone")
        audit.append(connection, actor, "undone", {"run": undo.run_id, **summary}, now)
    return found
