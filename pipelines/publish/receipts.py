"""Runs, attempts and receipts in the ledger: what was sent, what became of it, what each field was before and after."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import Any

import orjson
import sqlalchemy as sa

from pipelines.audit import naive
from pipelines.ledger import ERASED, attempts, plan_lines, plans, publish_runs, receipts, runs
from pipelines.publish.refusal import PublishRefused
from pipelines.publish.store import CHANGES, Line, decoded, dumps


@dataclass(frozen=True)
class Run:
    """One apply or undo. Several processes may have worked on it, one after the other."""

    run_id: str
    kind: str
    plan_id: str
    target: str
    undoes: str | None = None


@dataclass(frozen=True)
class Cell:
    """One value of one record in Odoo, written along with a line of another record: a reference that a merge moved."""

    object: str
    odoo_id: int
    field: str
    before: Any
    after: Any


@dataclass(frozen=True)
class Outcome:
    """What became of one line: done, conflict, rejected, gone or busy; `written` holds (before, after) by field, and
    `cells` what was written on other records."""

    line: Line
    state: str
    odoo_id: int | None = None
    created: bool = False
    written: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    detail: dict[str, Any] = field(default_factory=dict)
    cells: list[Cell] = field(default_factory=list)


def begin(
    connection: sa.Connection, kind: str, plan_id: str, target: str, now: datetime, undoes: str | None = None
) -> Run:
    """Start a run and record it."""
    at = naive(now)
    run = Run(f"{kind}-{at:%Y%m%dT%H%M%S}-{secrets.token_hex(3)}", kind, plan_id, target, undoes)
    connection.execute(publish_runs.insert().values(**vars(run), started_at=at))
    connection.execute(runs.insert().values(run_id=run.run_id, kind=kind, started_at=at, status="running"))
    return run


def end(connection: sa.Connection, run: Run, status: str, summary: dict[str, Any], now: datetime) -> None:
    closing = {"status": status, "summary": dumps(summary), "ended_at": naive(now)}
    connection.execute(runs.update().where(runs.c.run_id == run.run_id).values(**closing))


def find_run(connection: sa.Connection, run_id: str) -> Run:
    """The run of that id. Raises PublishRefused when the ledger has none."""
    row = connection.execute(sa.select(publish_runs).where(publish_runs.c.run_id == run_id)).first()
    if row is None:
        remedy = "look it up on the Odoo record (x_assay_run); apply and undo print it"
        if applied := run_of(connection, run_id):
            remedy = f"that is a plan, which run {applied.run_id} applied: name the run"
        raise PublishRefused(f"the ledger knows no run {run_id}", remedy)
    return _run(row)


def run_of(connection: sa.Connection, plan_id: str) -> Run | None:
    """The run that applies the plan, if one has begun: a plan has one, however often it is resumed."""
    wanted = sa.select(publish_runs).where(publish_runs.c.plan_id == plan_id, publish_runs.c.kind == "apply")
    row = connection.execute(wanted).first()
    return _run(row) if row else None


def run_that_undoes(connection: sa.Connection, run_id: str) -> Run | None:
    row = connection.execute(sa.select(publish_runs).where(publish_runs.c.undoes == run_id)).first()
    return _run(row) if row else None


def erases(connection: sa.Connection, run: Run) -> bool:
    """Whether the run's plan erased people."""
    said = connection.execute(sa.select(plans.c.summary).where(plans.c.plan_id == run.plan_id)).scalar_one()
    return "erasure" in orjson.loads(said)


def status(connection: sa.Connection, run_id: str) -> str:
    """running, succeeded or failed."""
    return connection.execute(sa.select(runs.c.status).where(runs.c.run_id == run_id)).scalar_one()


def unsettled(connection: sa.Connection, target: str) -> Iterator[tuple[Run, list[Line]]]:
    """Applies to `target` with lines that were sent and of which nobody knows what became, with those lines."""
    sent = attempts.c.state == "sent"
    wanted = sa.select(publish_runs).where(publish_runs.c.target == target, publish_runs.c.kind == "apply")
    wanted = wanted.where(publish_runs.c.run_id.in_(sa.select(attempts.c.run_id).where(sent)))
    for row in connection.execute(wanted).all():
        lines = sa.select(plan_lines).join(
            attempts, (attempts.c.plan_id == plan_lines.c.plan_id) & (attempts.c.line == plan_lines.c.line)
        )
        lines = lines.where(attempts.c.run_id == row.run_id, sent).order_by(plan_lines.c.line)
        yield _run(row), [decoded(line) for line in connection.execute(lines)]


def open_lines(connection: sa.Connection, run: Run, after: int, limit: int) -> list[Line]:
    """The next lines to write, in order, that begin after number `after` and have not been settled."""
    tried = (attempts.c.run_id == run.run_id) & (attempts.c.line == plan_lines.c.line)
    wanted = sa.select(plan_lines).outerjoin(attempts, tried).where(plan_lines.c.plan_id == run.plan_id)
    wanted = wanted.where(plan_lines.c.line > after, plan_lines.c.action.in_(CHANGES))
    wanted = wanted.where(attempts.c.state.is_(None) | (attempts.c.state == "busy"))
    return [decoded(row) for row in connection.execute(wanted.order_by(plan_lines.c.line).limit(limit))]


def mark_sent(connection: sa.Connection, run: Run, lines: Iterable[Line]) -> None:
    """Say, before Odoo is called, that these lines may have been written from now on."""
    _replace(connection, run, [{"line": line.line, "state": "sent"} for line in lines])


def forget(connection: sa.Connection, run: Run, numbers: list[int]) -> None:
    """Make lines open again of which it is known that nothing was written."""
    connection.execute(attempts.delete().where(attempts.c.run_id == run.run_id, attempts.c.line.in_(numbers)))


def record(connection: sa.Connection, run: Run, outcomes: list[Outcome], now: datetime) -> None:
    """Settle lines and write a receipt for each field that was written."""
    rows = [{"line": o.line.line, "state": o.state, "odoo_id": o.odoo_id, "detail": dumps(o.detail)} for o in outcomes]
    _replace(connection, run, rows)
    written = [row for outcome in outcomes for row in _receipts(run, outcome, naive(now))]
    if written:
        connection.execute(receipts.insert(), written)


def by_record(engine: sa.Engine, run: Run, page: int = 10_000, up_to: int | None = None) -> Iterator[list[sa.Row]]:
    """The run's receipts, those of one record together, the last record written first; read page by page.

    `up_to`: only those of the plan's first so many lines.
    """
    wanted = sa.select(receipts).where(receipts.c.run_id == run.run_id)
    if up_to is not None:
        wanted = wanted.where(receipts.c.line <= up_to)
    wanted = wanted.order_by(receipts.c.line.desc(), receipts.c.seq)
    below, more = sa.true(), True
    while more:
        with engine.connect() as connection:
            rows = connection.execute(wanted.where(below).limit(page)).all()
        records = [list(of_one) for _, of_one in groupby(rows, key=lambda row: row.line)]
        more = len(rows) == page
        if more and len(records) == 1:
            page *= 2
            continue
        # A full page may have cut its last record, which the next page then begins with.
        whole = records[:-1] if more else records
        yield from whole
        if more:
            below = receipts.c.line < whole[-1][0].line


def superseded(connection: sa.Connection, run: Run) -> dict[tuple[str, int, str], str]:
    """The run that wrote a field again after `run` did, by object, Odoo id and field."""
    mine, later = receipts.alias("mine"), receipts.alias("later")
    again = (later.c.object == mine.c.object) & (later.c.odoo_id == mine.c.odoo_id) & (later.c.field == mine.c.field)
    again &= (later.c.seq > mine.c.seq) & (later.c.target == mine.c.target) & (later.c.run_id != mine.c.run_id)
    wanted = sa.select(later.c.object, later.c.odoo_id, later.c.field, later.c.run_id).join(mine, again)
    rows = connection.execute(wanted.where(mine.c.run_id == run.run_id).order_by(later.c.seq))
    return {(row.object, row.odoo_id, row.field): row.run_id for row in rows}


def settled_lines(connection: sa.Connection, run: Run) -> dict[int, str]:
    """What became of the run's lines, by line number; "sent" where nobody knows yet."""
    rows = connection.execute(sa.select(attempts.c.line, attempts.c.state).where(attempts.c.run_id == run.run_id))
    return {row.line: row.state for row in rows}


def mark_verified(connection: sa.Connection, seqs: list[int], verified: bool) -> None:
    rows = receipts.update().where(receipts.c.seq.in_(seqs)).values(verified=verified)
    connection.execute(rows)


def outcomes_of(connection: sa.Connection, run: Run) -> dict[str, int]:
    """Number of lines by what became of them."""
    counted = sa.select(attempts.c.state, sa.func.count()).where(attempts.c.run_id == run.run_id)
    return {state: count for state, count in connection.execute(counted.group_by(attempts.c.state))}


def exceptions_of(connection: sa.Connection, run: Run) -> list[dict[str, Any]]:
    """Lines that were not written, or not whole, with object, golden id, Odoo id, and why: field names, no values."""
    tried = (attempts.c.plan_id == plan_lines.c.plan_id) & (attempts.c.line == plan_lines.c.line)
    odoo_id = sa.func.coalesce(attempts.c.odoo_id, plan_lines.c.odoo_id).label("odoo_id")
    columns = (plan_lines.c.object, plan_lines.c.golden_id, odoo_id, attempts.c.state, attempts.c.detail)
    wanted = sa.select(*columns).join(attempts, tried).where(attempts.c.run_id == run.run_id)
    wanted = wanted.where((attempts.c.state != "done") | (attempts.c.detail != "{}")).order_by(plan_lines.c.line)
    return [{**row._mapping, "detail": orjson.loads(row.detail or "{}")} for row in connection.execute(wanted)]


def count(connection: sa.Connection, run: Run) -> int:
    """Number of fields that the run wrote."""
    return connection.execute(sa.select(sa.func.count()).where(receipts.c.run_id == run.run_id)).scalar_one()


def records_of(connection: sa.Connection, run: Run) -> dict[str, int]:
    """Number of records that the run wrote, by object; references that a merge moved are part of the merge."""
    counted = sa.select(receipts.c.object, sa.func.count(receipts.c.odoo_id.distinct()))
    counted = counted.where(receipts.c.run_id == run.run_id, ~receipts.c.object.contains("."))
    counted = counted.group_by(receipts.c.object)
    return {name: count for name, count in connection.execute(counted)}


def _replace(connection: sa.Connection, run: Run, rows: list[dict[str, Any]]) -> None:
    forget(connection, run, [row["line"] for row in rows])
    if rows:
        connection.execute(attempts.insert(), [{**row, "run_id": run.run_id, "plan_id": run.plan_id} for row in rows])


def _receipts(run: Run, outcome: Outcome, at: datetime) -> Iterator[dict[str, Any]]:
    shared = {"run_id": run.run_id, "plan_id": run.plan_id, "target": run.target, "written_at": at}
    shared |= {"object": outcome.line.object, "line": outcome.line.line, "golden_id": outcome.line.golden_id}
    shared |= {"odoo_id": outcome.odoo_id, "created_record": outcome.created}
    erased = outcome.line.action == "erase"
    for name, (before, after) in outcome.written.items():
        yield {**shared, "field": name, "before": ERASED if erased else dumps(before), "after": dumps(after)}
    for cell in outcome.cells:
        where = {"object": cell.object, "odoo_id": cell.odoo_id, "field": cell.field}
        yield {**shared, **where, "before": dumps(cell.before), "after": dumps(cell.after)}


def _run(row: sa.Row) -> Run:
    return Run(row.run_id, row.kind, row.plan_id, row.target, row.undoes)
