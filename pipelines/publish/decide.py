"""From a comparison to decisions: for each golden record of one object, what the plan will do, or why it will not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pipelines.publish.checks import clashes, widest_first
from pipelines.publish.diff import Comparison, Values
from pipelines.publish.drafts import Draft
from pipelines.publish.golden import Rows
from pipelines.publish.policy import ObjectPolicy
from pipelines.publish.store import CHANGES, Line
from pipelines.publish.values import Pending, Refused
from sources.odoo.actions import GOLDEN_ID

ACTIONS = (*CHANGES, "conflict", "hold", "reject")


@dataclass
class Decisions:
    """The lines of one object in the order of writing, its counts, and what relations to its records resolve to."""

    lines: list[Line] = field(default_factory=list)
    references: dict[str, int | Pending | Refused] = field(default_factory=dict)
    counts: dict[str, Any] = field(default_factory=dict)


def decide(
    name: str,
    rows: Rows,
    policy: ObjectPolicy,
    found: Comparison,
    edits: Mapping[int, tuple[Values, Values]],
    deleted: Mapping[str, int],
    stale: set[str],
    given: Values,
    objections: Mapping[int, str] = {},
    held: Mapping[str, str] = {},
) -> Decisions:
    """Decide on every row: create, update, link, conflict, hold or reject, or nothing where Odoo already agrees.

    `edits` are people's edits to report, `deleted` the Odoo ids that golden ids had before somebody deleted them,
    `stale` the units on which nothing may rest, `given` what a new record gets besides golden's values, `objections`
    what the pre-check says, `held` golden ids that wait, with the reason.
    """
    problems = _joined(clashes(rows, policy, found), objections) | found.problems | rows.problems
    creates, changes, reports = [], [], []
    references: dict[str, int | Pending | Refused] = {}
    for number, golden_id in enumerate(rows.ids):
        odoo_id = found.bound.get(number)
        before, after = found.changes.get(number, ({}, {}))
        why = problems.get(number) or (rows.gaps.get(number) if odoo_id is None else None)
        dark = sorted(stale.intersection(rows.units[number]))
        action, reason = "", None
        if why:
            action, reason = "reject", why
        elif odoo_id is None and golden_id in deleted:
            action = "conflict"
            reason = f"record {deleted[golden_id]} was deleted in Odoo after Assay wrote it; overrule to make it anew"
        elif golden_id in held and (odoo_id is None or after):
            action, reason = "hold", held[golden_id]
        elif dark and (odoo_id is None or after):
            action, reason = "hold", f"rests on {', '.join(dark)}, which is stale"
        elif odoo_id is None:
            creates.append((number, Line(name, "create", golden_id, None, {}, _new(rows, number, given))))
        elif after:
            action = "link" if set(after) == {GOLDEN_ID} else "update"
            changes.append(Line(name, action, golden_id, odoo_id, before, after))
        if reason:
            reports.append(Line(name, action, golden_id, odoo_id, {}, {}, reason))
        if number in edits and not why:
            said = "edited in Odoo since Assay wrote it; kept, overrule to write golden's value"
            reports.append(Line(name, "conflict", golden_id, odoo_id, *edits[number], said))
        refused = Refused(f"which is not in Odoo: {reason}") if reason else Pending(golden_id)
        references[golden_id] = refused if odoo_id is None or number in found.problems else odoo_id
    creates.sort(key=lambda pair: widest_first(rows, policy, pair[0]))
    lines = [line for _, line in creates] + changes + reports
    return Decisions(lines, references, _counts(rows, found, lines))


def drafted(
    rows: Rows, policy: ObjectPolicy, found: Comparison, deleted: Mapping[str, int], given: Values
) -> dict[int, Draft]:
    """What the plan would write, by row number, before anybody has objected to it."""
    drafts = {}
    for number, golden_id in enumerate(rows.ids):
        odoo_id = found.bound.get(number)
        if number in rows.problems or number in found.problems:
            continue
        if odoo_id is not None and found.changes[number][1]:
            drafts[number] = Draft(golden_id, odoo_id, dict(found.changes[number][1]))
        elif odoo_id is None and number not in rows.gaps and golden_id not in deleted:
            drafts[number] = Draft(golden_id, None, _new(rows, number, given))
    return drafts


def closed(rows: Rows, found: Comparison, why: str) -> Decisions:
    """No lines: the object is not to be published now. Its records that are in Odoo can still be referred to."""
    references: dict[str, int | Pending | Refused] = dict.fromkeys(rows.ids, Refused(f"which is not in Odoo: {why}"))
    references |= {rows.ids[n]: odoo_id for n, odoo_id in found.bound.items() if n not in found.problems}
    return Decisions([], references, {**_counts(rows, found, []), "closed": why})


def _new(rows: Rows, number: int, given: Values) -> Values:
    values = {key: value for key, value in rows.row(number).items() if value is not None}
    return values | given | rows.extra.get(number, {}) | {GOLDEN_ID: rows.ids[number]}


def _joined(one: Mapping[int, str], other: Mapping[int, str]) -> dict[int, str]:
    return {n: " · ".join(text for text in (one.get(n), other.get(n)) if text) for n in (*one, *other)}


def _counts(rows: Rows, found: Comparison, lines: list[Line]) -> dict[str, Any]:
    actions = Counter(line.action for line in lines)
    fields = Counter(name for line in lines if line.action == "update" for name in line.after if name != GOLDEN_ID)
    counts = {"rows": len(rows.ids), "existing": found.existing, "unlisted": found.unlisted}
    return {**counts, **{action: actions[action] for action in ACTIONS}, "fields": dict(sorted(fields.items()))}
