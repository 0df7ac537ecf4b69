"""Plans in the ledger: written once, sealed by a hash over all they say, used only while the seal holds."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import islice
from typing import Any, TypeVar

import orjson
import sqlalchemy as sa

from pipelines.ledger import plan_lines, plans
from pipelines.publish.refusal import PublishRefused
from pipelines.publish.values import Pending

CHANGES = ("create", "update", "link", "merge", "unmerge", "erase")
Item = TypeVar("Item")


@dataclass(frozen=True)
class Plan:
    """The head of a plan. `summary` holds counts by object and action, what is closed and why, and caps exceeded."""

    plan_id: str
    target: str
    golden_hash: str
    policy_hash: str
    made_at: datetime
    expires_at: datetime
    made_by: str
    summary: dict[str, Any]
    content_hash: str = ""
    state: str = "planned"

    @property
    def changes(self) -> int:
        """How many records an apply would write; 0 when Odoo already is as golden wants it."""
        return sum(counts.get(action, 0) for counts in self.summary["objects"].values() for action in CHANGES)

    @property
    def empty(self) -> bool:
        return self.changes == 0


@dataclass(frozen=True)
class Line:
    """One decision about one golden record; `before` and `after` hold values by field, blank as None."""

    object: str
    action: str
    golden_id: str
    odoo_id: int | None
    before: dict[str, Any]
    after: dict[str, Any]
    reason: str | None = None
    line: int = 0


def save(connection: sa.Connection, plan: Plan, lines: Iterable[Line]) -> Plan:
    """Write and seal a plan in the caller's transaction; lines are numbered in the order given."""
    digest = _head_digest(plan)
    for some in chunks(enumerate(lines, 1), 5000):
        rows = [_row(plan.plan_id, number, line) for number, line in some]
        for row in rows:
            _add(digest, row)
        connection.execute(plan_lines.insert(), rows)
    sealed = Plan(**{**asdict(plan), "content_hash": digest.hexdigest()})
    seq = connection.execute(sa.select(sa.func.coalesce(sa.func.max(plans.c.seq), 0) + 1)).scalar_one()
    connection.execute(plans.insert().values(**{**asdict(sealed), "summary": dumps(plan.summary), "seq": seq}))
    return sealed


def load(connection: sa.Connection, plan_id: str) -> Plan:
    """The plan's head. Raises PublishRefused when the ledger has no such plan, or it is not as it was sealed."""
    row = connection.execute(sa.select(plans).where(plans.c.plan_id == plan_id)).first()
    if row is None:
        raise PublishRefused(f"the ledger knows no plan {plan_id}", "list the plans with `assay plan --list`")
    columns = {name: value for name, value in row._mapping.items() if name != "seq"}
    plan = Plan(**{**columns, "summary": orjson.loads(columns["summary"])})
    digest = _head_digest(plan)
    stored = sa.select(plan_lines).where(plan_lines.c.plan_id == plan_id).order_by(plan_lines.c.line)
    for line in connection.execute(stored.execution_options(yield_per=5000)).mappings():
        _add(digest, line)
    if digest.hexdigest() != plan.content_hash:
        raise PublishRefused(f"plan {plan_id} was changed after it was made", "make a new plan; find out who edited it")
    return plan


def latest(connection: sa.Connection, states: Iterable[str] | None = None) -> str | None:
    """The id of the newest plan, or of the newest in one of `states`."""
    newest = sa.select(plans.c.plan_id).order_by(plans.c.seq.desc()).limit(1)
    return connection.execute(newest if states is None else newest.where(plans.c.state.in_(list(states)))).scalar()


def lines(connection: sa.Connection, plan_id: str, actions: Iterable[str] | None = None) -> Iterator[Line]:
    """The plan's lines in order, all of them or those with one of `actions`."""
    wanted = sa.select(plan_lines).where(plan_lines.c.plan_id == plan_id).order_by(plan_lines.c.line)
    if actions is not None:
        wanted = wanted.where(plan_lines.c.action.in_(list(actions)))
    for row in connection.execute(wanted.execution_options(yield_per=2000)):
        yield decoded(row)


def decoded(row: sa.Row) -> Line:
    """A row of plan_lines as a Line."""
    # Nothing is left of the values of people who were erased.
    texts = orjson.loads(row.before or "{}"), orjson.loads(row.after or "{}")
    return Line(row.object, row.action, row.golden_id, row.odoo_id, *texts, row.reason, row.line)


def set_state(connection: sa.Connection, plan_id: str, state: str) -> None:
    connection.execute(plans.update().where(plans.c.plan_id == plan_id).values(state=state))


def dumps(value: Any) -> str:
    """JSON with sorted keys; a relation that the plan itself creates as {"golden_id": …}."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS, default=_pending).decode()


def chunks(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """`items` in lists of `size`, the last one shorter."""
    iterator = iter(items)
    while some := list(islice(iterator, size)):
        yield some


def _pending(value: Any) -> dict[str, str]:
    if isinstance(value, Pending):
        return {"golden_id": value.golden_id}
    raise TypeError(f"{type(value).__name__} is no value of a plan")


def _row(plan_id: str, number: int, line: Line) -> dict[str, Any]:
    texts = {"before": dumps(line.before), "after": dumps(line.after)}
    return {**{name: getattr(line, name) for name in _ROW}, **texts, "plan_id": plan_id, "line": number}


_ROW = ("object", "action", "golden_id", "odoo_id", "reason")


def _head_digest(plan: Plan) -> hashlib._Hash:
    said = [plan.plan_id, plan.target, plan.golden_hash, plan.policy_hash, plan.made_by]
    said += [plan.made_at.isoformat(), plan.expires_at.isoformat(), dumps(plan.summary)]
    return hashlib.sha256(orjson.dumps(said))


def _add(digest: hashlib._Hash, row: Any) -> None:
    said = [row["line"], row["object"], row["action"], row["golden_id"], row["odoo_id"]]
    digest.update(orjson.dumps([*said, row["before"], row["after"], row["reason"]]))
