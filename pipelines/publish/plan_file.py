"""A plan as a file, for people who review it elsewhere; it can be approved only while it says what the ledger says."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path

import orjson
import sqlalchemy as sa

from pipelines.publish.refusal import PublishRefused
from pipelines.publish.store import dumps, lines, load


def write_plan(connection: sa.Connection, plan_id: str, path: Path) -> None:
    """Write the plan as JSON lines: its head, then each decision. It holds values, so the owner alone may read it."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.fchmod(handle, 0o600)
    with open(handle, "w") as file:
        file.writelines(_told(connection, plan_id))


def plan_in_file(connection: sa.Connection, path: Path) -> str:
    """The id of the plan that the file tells. Raises PublishRefused where it is no plan, or was edited since."""
    with path.open(errors="replace") as file:
        try:
            plan_id = orjson.loads(file.readline())["plan_id"]
        except (orjson.JSONDecodeError, KeyError, TypeError):
            raise PublishRefused(f"{path.name} is no plan", "write one with `assay plan --out FILE`") from None
        file.seek(0)
        for number, (said, sealed) in enumerate(zip_longest(file, _told(connection, plan_id)), 1):
            if said != sealed:
                problem = f"line {number} of {path.name} is not what plan {plan_id} says"
                raise PublishRefused(problem, "write the file anew; a plan is changed by planning anew")
    return plan_id


def _told(connection: sa.Connection, plan_id: str) -> Iterator[str]:
    plan = load(connection, plan_id)
    head = {"plan_id": plan_id, "target": plan.target, "made_at": plan.made_at.isoformat(), "made_by": plan.made_by}
    yield dumps(head | {"summary": plan.summary, "content_hash": plan.content_hash}) + "\n"
    for line in lines(connection, plan_id):
        yield dumps(vars(line)) + "\n"
