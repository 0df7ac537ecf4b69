"""Apply: write an approved plan to Odoo, batch by batch, so that it can be killed anywhere and taken up again.

Before a batch the ledger says that it was sent, after it what became of each line, with a receipt per field.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile
from typing import Any

import sqlalchemy as sa

from pipelines import audit
from pipelines.ledger import open_ledger
from pipelines.publish import live, receipts
from pipelines.publish.approve import refuse_closed, refuse_expired, refuse_outdated, refuse_unapproved
from pipelines.publish.authority import Authority, load_authority, sealed_policies
from pipelines.publish.canary import refuse_sick
from pipelines.publish.deliver import deliver
from pipelines.publish.lease import Lease, leased
from pipelines.publish.merge_write import MERGES
from pipelines.publish.moved import refuse_moved
from pipelines.publish.policy import Policy, load_policy
from pipelines.publish.receipts import Outcome, Run
from pipelines.publish.refusal import PublishRefused
from pipelines.publish.store import Line, Plan, load, set_state
from pipelines.publish.write import Writer, look_up
from pipelines.resources import Settings
from sources.odoo.client import OdooClient

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Report:
    """What a run did: lines by outcome, fields written, and the exceptions, which name fields but hold no values."""

    run_id: str
    plan_id: str
    outcomes: dict[str, int]
    fields: int
    exceptions: list[dict[str, Any]]

    @property
    def complete(self) -> bool:
        """False while records that others had locked wait for the next apply."""
        return not self.outcomes.get("busy")


def apply_plan(
    settings: Settings,
    client: OdooClient,
    plan_id: str,
    now: datetime,
    actor: str,
    progress: Progress = lambda done, total: None,
    policy: Policy | None = None,
    authority: Authority | None = None,
) -> Report:
    """Write the plan, or the rest of it if an earlier apply was interrupted; a finished plan is only reported.

    Raises PublishRefused (unapproved, expired, edited, golden or Odoo moved on, another database, another apply under
    way), BrokenChain where the audit was changed, and the errors of Odoo's client; after any, applying again goes on
    where this ended. A canary that does not read back as written halts the plan for good.
    """
    policy, authority = policy or load_policy(), authority or load_authority()
    engine = open_ledger(settings.ledger_url)
    with engine.connect() as connection:
        plan = load(connection, plan_id)
    refuse_other_target(plan.target, client)
    live.forget_kinds(client)
    with leased(engine, plan.target) as lease:
        settle(engine, client, policy, plan.target, now)
        _refuse_unfit(settings, engine, client, plan, policy, authority, now)
        run, finished = _begin(engine, plan, now, actor)
        if finished:
            return report(engine, run)
        done, canary = 0, plan.summary.get("canary", 0)
        with _Courier(engine, lease, run, now) as courier:
            for writer, lines in batches(engine, client, policy, plan, run):
                if canary and lines[0].line > canary:
                    done += courier.wait()
                    refuse_sick(engine, client, policy, plan, run, canary, now, actor)
                    canary = 0
                done += courier.send(writer, lines)
                progress(done, plan.changes)
            progress(done + courier.wait(), plan.changes)
        return _finish(engine, run, now, actor)


def batches(
    engine: sa.Engine, client: OdooClient, policy: Policy, plan: Plan, run: Run
) -> Iterator[tuple[Writer, list[Line]]]:
    """What is left to write, in the plan's order: lines of one object, all creations or none, with their Writer."""
    after, writer, of = 0, None, ""
    while True:
        with engine.connect() as connection:
            lines = receipts.open_lines(connection, run, after, writer.size if writer else policy.batch)
        if not lines:
            return
        if lines[0].object != of:
            of = lines[0].object
            counts = plan.summary["objects"][of]
            # What is erased must not stand in Odoo's chatter as the value before.
            quiet = counts["create"] + counts["update"] > policy.quiet_above or bool(counts.get("erase"))
            writer = writer_for(client, policy, of, run.run_id, quiet)
        lines = _alike(lines, plan.summary.get("canary", 0))
        after = lines[-1].line
        yield writer, lines


class _Courier:
    """Sends one batch after the other, and while Odoo works on one, the ledger takes in what became of the one before.

    A batch is marked as sent before it is, while Odoo still works on the one before, and settled after, each in a
    transaction of its own.
    """

    def __init__(self, engine: sa.Engine, lease: Lease, run: Run, now: datetime) -> None:
        self.engine, self.lease, self.run, self.now = engine, lease, run, now
        self.pool = ThreadPoolExecutor(1)
        self.under_way: Future[list[Outcome]] | None = None

    def __enter__(self) -> _Courier:
        return self

    def __exit__(self, *_) -> None:
        self.pool.shutdown()

    def send(self, writer: Writer, lines: list[Line]) -> int:
        """Send when Odoo has answered the batch before; how many lines that one settled."""
        with self.engine.begin() as connection:
            self.lease.renew(connection)
            receipts.mark_sent(connection, self.run, lines)
        before = self._answered()
        self.under_way = self.pool.submit(deliver, writer, lines)
        return self._record(before)

    def wait(self) -> int:
        """Settle what is under way; how many lines that were."""
        return self._record(self._answered())

    def _answered(self) -> list[Outcome]:
        sent, self.under_way = self.under_way, None
        return sent.result() if sent else []

    def _record(self, outcomes: list[Outcome]) -> int:
        if outcomes:
            with self.engine.begin() as connection:
                self.lease.renew(connection)
                receipts.record(connection, self.run, outcomes, self.now)
        return len(outcomes)


def report(engine: sa.Engine, run: Run) -> Report:
    """What the ledger says of a run."""
    with engine.connect() as connection:
        outcomes, exceptions = receipts.outcomes_of(connection, run), receipts.exceptions_of(connection, run)
        return Report(run.run_id, run.plan_id, outcomes, receipts.count(connection, run), exceptions)


def refuse_other_target(target: str, client: OdooClient) -> None:
    """Raises PublishRefused when the plan or run belongs to another Odoo database than the client's."""
    found = live.fingerprint(client)
    if found != target:
        raise PublishRefused(f"this was made for the database {target}, not for {found}", "connect to that one")


def settle(engine: sa.Engine, client: OdooClient, policy: Policy, target: str, now: datetime) -> None:
    """Find out what became of lines that a killed run had sent: receipts for those written, the others open again."""
    with engine.connect() as connection:
        waiting = list(receipts.unsettled(connection, target))
    for run, lines in waiting:
        for name in dict.fromkeys(line.object for line in lines):
            writer = writer_for(client, policy, name, run.run_id)
            outcomes, rest = look_up(writer, [line for line in lines if line.object == name])
            with engine.begin() as connection:
                receipts.record(connection, run, outcomes, now)
                receipts.forget(connection, run, [line.line for line in rest])


def writer_for(client: OdooClient, policy: Policy, name: str, run_id: str, quiet: bool = False) -> Writer:
    """A Writer for object `name`; `quiet` keeps Odoo's chatter from tracking each change."""
    models = {each: policy.objects[each].model for each in policy.objects}
    context = {"tracking_disable": True} if quiet else {}
    return Writer(client, policy.objects[name], models, run_id, context, policy.batch)


def _refuse_unfit(
    settings: Settings,
    engine: sa.Engine,
    client: OdooClient,
    plan: Plan,
    policy: Policy,
    authority: Authority,
    now: datetime,
) -> None:
    """Raises PublishRefused unless the plan may be written now. One that has begun is not stopped by what moved on."""
    with engine.connect() as connection:
        run = receipts.run_of(connection, plan.plan_id)
        if plan.state == "undone":
            raise PublishRefused(f"plan {plan.plan_id} was undone", "make a new plan")
        if plan.state == "halted":
            raise PublishRefused(f"plan {plan.plan_id} was halted by its canary", f"undo {run.run_id}, then plan anew")
        if run and receipts.status(connection, run.run_id) == "succeeded":
            return
        audit.verify_chain(engine)
        refuse_unapproved(connection, plan, policy, authority)
        refuse_expired(plan, now)
        if plan.policy_hash != sealed_policies(policy, authority):
            said = f"odoo.yml changed since plan {plan.plan_id} was made, or approvals.yml did"
            raise PublishRefused(said, "make a new plan")
        if run is None:
            refuse_outdated(settings, plan, policy, authority)
            refuse_closed(settings, plan, policy)
            refuse_moved(connection, client, policy, authority, plan)


def _begin(engine: sa.Engine, plan: Plan, now: datetime, actor: str) -> tuple[Run, bool]:
    """(the plan's run, whether it has already ended well); a new one, or the one that was interrupted."""
    with engine.begin() as connection:
        run = receipts.run_of(connection, plan.plan_id)
        if run and receipts.status(connection, run.run_id) == "succeeded":
            return run, True
        resumed = run is not None
        run = run or receipts.begin(connection, "apply", plan.plan_id, plan.target, now)
        set_state(connection, plan.plan_id, "applying")
        detail = {"plan": plan.plan_id, "run": run.run_id, "resumed": resumed, "content_hash": plan.content_hash}
        audit.append(connection, actor, "apply", detail, now)
    return run, False


def _finish(engine: sa.Engine, run: Run, now: datetime, actor: str) -> Report:
    found = report(engine, run)
    with engine.begin() as connection:
        summary = {"plan": run.plan_id, "outcomes": found.outcomes, "fields": found.fields}
        receipts.end(connection, run, "succeeded" if found.complete else "failed", summary, now)
        set_state(connection, run.plan_id, "applied" if found.complete else "applying")
        audit.append(connection, actor, "applied", {"run": run.run_id, **summary}, now)
    return found


def _alike(lines: list[Line], canary: int) -> list[Line]:
    """The lines from the first on that are written in one way: of one object, all creations, all merges or neither, all
    of the canary or none."""

    def way(line: Line) -> tuple[str, str, bool]:
        return line.object, line.action if line.action in ("create", *MERGES) else "update", line.line <= canary

    return list(takewhile(lambda line: way(line) == way(lines[0]), lines))
