"""Canary: the few lines of a plan that are written first and read back before the others may follow.

They are closed under what they rest on, so that they can be written alone and in the plan's own order.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from fnmatch import fnmatch

import sqlalchemy as sa

from pipelines import audit
from pipelines.publish import receipts
from pipelines.publish.authority import Authority
from pipelines.publish.policy import Policy
from pipelines.publish.readback import read_back
from pipelines.publish.receipts import Run
from pipelines.publish.refusal import PublishRefused
from pipelines.publish.store import CHANGES, Line, Plan, dumps, set_state
from pipelines.publish.values import Pending
from sources.odoo.client import OdooClient

Units = Mapping[str, Mapping[str, list[str]]]


def canary_first(lines: list[Line], policy: Policy, authority: Authority, units: Units) -> tuple[list[Line], int]:
    """(the lines with those of the canary in front, how many these are); 0 where nothing would be left to follow.

    units: what each golden record rests on, by object and golden id.
    """
    chosen = {number for name in authority.canary for number in _chosen(lines, policy, authority, name, units)}
    if chosen:
        _close(lines, policy, chosen)
    rest = [line for number, line in enumerate(lines) if number not in chosen]
    if not any(line.action in CHANGES for line in rest):
        return lines, 0
    return [lines[number] for number in sorted(chosen)] + rest, len(chosen)


def refuse_sick(
    engine: sa.Engine, client: OdooClient, policy: Policy, plan: Plan, run: Run, size: int, now: datetime, actor: str
) -> None:
    """Read back the first `size` lines. Raises PublishRefused, and halts the plan, unless all stand as written.

    While somebody in Odoo holds one of them the run stops as well, and the next apply tries again.
    """
    with engine.connect() as connection:
        states = Counter(state for line, state in receipts.settled_lines(connection, run).items() if line <= size)
    if states["busy"]:
        said = f"somebody in Odoo holds {states['busy']} of the {size} records of the canary, and nothing followed it"
        raise PublishRefused(said, "apply again")
    refused = states["rejected"]
    read = list(read_back(client, policy, receipts.by_record(engine, run, up_to=size)))
    wrong = [f"{row.object} {row.odoo_id}.{row.field}" for row, problem in read if problem]
    healthy = not wrong and not refused
    detail = {"run": run.run_id, "lines": size, "fields": len(read), "differ": len(wrong), "rejected": refused}
    with engine.begin() as connection:
        audit.append(connection, actor, "canary passed" if healthy else "canary failed", detail, now)
        if not healthy:
            set_state(connection, plan.plan_id, "halted")
            receipts.end(connection, run, "failed", detail, now)
    if not healthy:
        some = f", such as {', '.join(wrong[:3])}" if wrong else ""
        said = f"{len(wrong)} of {len(read)} fields read back otherwise{some}; Odoo refused {refused} records"
        raise PublishRefused(
            f"the canary of plan {plan.plan_id} failed and nothing followed it: {said}",
            f"run `assay undo {run.run_id}`, find the cause, then plan anew",
        )


def _chosen(lines: list[Line], policy: Policy, authority: Authority, domain: str, units: Units) -> list[int]:
    canary, chosen = authority.canary[domain], []
    for name in (name for name, each in policy.objects.items() if each.domain == domain):
        fit = [
            number
            for number, line in enumerate(lines)
            if line.object == name and line.action in CHANGES and _of(canary.units, units[name].get(line.golden_id, []))
        ]
        chosen += fit[: canary.records]
    return chosen


def _of(patterns: list[str], units: list[str]) -> bool:
    return not patterns or any(fnmatch(unit, pattern) for unit in units for pattern in patterns)


def _close(lines: list[Line], policy: Policy, chosen: set[int]) -> None:
    """Add what the chosen lines rest on, and all rules on what they rule: the newer of two would win."""
    made = {(line.object, line.golden_id): number for number, line in enumerate(lines) if line.action == "create"}
    # A merge may free the barcode that an update of the same golden record writes.
    merged = {(line.object, line.golden_id): number for number, line in enumerate(lines) if line.action == "merge"}
    ruling: dict[str, list[int]] = {}
    for number, line in enumerate(lines):
        if line.action in CHANGES and policy.objects[line.object].window:
            ruling.setdefault(_ruled(line, policy), []).append(number)
    waiting = sorted(chosen)
    while waiting:
        line = lines[waiting.pop()]
        fields = policy.objects[line.object].fields
        rests = [(fields[n].lookup.object, v.golden_id) for n, v in line.after.items() if isinstance(v, Pending)]
        more = {made[key] for key in rests if key in made}
        more |= {merged[key] for key in [(line.object, line.golden_id)] if key in merged}
        if policy.objects[line.object].window:
            more |= set(ruling[_ruled(line, policy)])
        waiting += sorted(more - chosen)
        chosen |= more


def _ruled(line: Line, policy: Policy) -> str:
    by = [name for name in policy.objects[line.object].window.by if name in line.after]
    return dumps([line.object, *(line.after[name] for name in by)] if by else [line.object, line.golden_id])
