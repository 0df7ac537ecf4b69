"""The Odoo that we publish to: connects to it by reference and makes each step of publishing one call.

Used alike by the CLI, the Dagster assets and the demo. What the steps do is decided in publish/.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import datetime

import sqlalchemy as sa

from pipelines import gates, resources
from pipelines.ledger import open_ledger, publish_runs
from pipelines.publish import apply, plan, store, undo, verify
from pipelines.publish.refusal import PublishRefused
from pipelines.resources import Settings
from sources.contract import load_contracts
from sources.odoo import client

TARGET = "odoo"
REFERENCES = {"url": "env:ODOO_URL", "db": "env:ODOO_DB", "login": "env:ODOO_LOGIN", "key": "env:ODOO_KEY"}
Progress = Callable[[int, int], None]


@contextmanager
def odoo(resolve: Callable[[str], str] = resources.resolve) -> Iterator[client.OdooClient]:
    """A client for the Odoo that the environment, or else the running estate, names."""
    with client.connect(**{name: resolve(reference) for name, reference in REFERENCES.items()}) as connected:
        yield connected


def make_plan(
    settings: Settings,
    now: datetime,
    actor: str,
    objects: Collection[str] = (),
    overrule: Collection[str] = (),
) -> store.Plan:
    """Judge the gates, then plan `objects` (all if empty) against the live Odoo."""
    judged = gates.evaluate(settings, load_contracts(), now)
    with odoo() as connected:
        return plan.make_plan(settings, connected, judged, now, actor, objects or None, overrule)


def apply_plan(settings: Settings, plan_id: str, now: datetime, actor: str, progress: Progress) -> apply.Report:
    """Write an approved plan to Odoo, or what is left of it."""
    with odoo() as connected:
        return apply.apply_plan(settings, connected, plan_id, now, actor, progress)


def verify_run(settings: Settings, run_id: str, now: datetime, actor: str) -> verify.Verification:
    """Read back what a run wrote."""
    with odoo() as connected:
        return verify.verify_run(settings, connected, run_id, now, actor)


def undo_run(settings: Settings, run_id: str, now: datetime, actor: str, progress: Progress) -> apply.Report:
    """Put back what a run changed."""
    with odoo() as connected:
        return undo.undo_run(settings, connected, run_id, now, actor, progress)


def newest_plan(settings: Settings, *states: str) -> str:
    """The id of the newest plan in one of `states`. Raises PublishRefused if there is none."""
    with open_ledger(settings.ledger_url).connect() as connection:
        found = store.latest(connection, states)
    if found is None:
        raise PublishRefused(f"there is no plan that is {' or '.join(states)}", "make one with `assay plan`")
    return found


def newest_run(settings: Settings) -> str:
    """The id of the newest apply. Raises PublishRefused if there is none."""
    applied = sa.select(publish_runs.c.run_id).where(publish_runs.c.kind == "apply")
    with open_ledger(settings.ledger_url).connect() as connection:
        found = connection.execute(
            applied.order_by(publish_runs.c.started_at.desc(), publish_runs.c.run_id.desc())
        ).scalar()
    if found is None:
        raise PublishRefused("nothing has been applied yet", "run `assay apply` first")
    return found
