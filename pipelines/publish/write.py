"""The two writes of publish on one batch of lines: keyed creation and compare-and-set, and the look-up by key after.

Every record written gets its golden id and the run's id with the same transaction; that stamp is what tells later
whether an unanswered call was carried out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from pipelines.publish import live, merge_write
from pipelines.publish.attributes import CHOSEN, STRUCTURE, in_odoos_terms
from pipelines.publish.policy import ObjectPolicy
from pipelines.publish.receipts import Outcome
from pipelines.publish.store import Line
from pipelines.publish.values import same, seen, sent
from sources.odoo.actions import GOLDEN_ID, RUN, compare_and_set, upsert
from sources.odoo.client import OdooClient, search_read

KEPT = "edited in Odoo since it was last read"
HELD = "held by somebody in Odoo all the while; apply again"


@dataclass
class Writer:
    """Writes lines of one object on behalf of one run. `models` names the Odoo model of each object.

    `size` is how many records a call may hold, `silence` how many calls in a row stayed unanswered.
    """

    client: OdooClient
    policy: ObjectPolicy
    models: dict[str, str]
    run_id: str
    context: dict[str, Any] = field(default_factory=dict)
    size: int = 500
    silence: int = 0

    @property
    def model(self) -> str:
        return self.policy.model

    @property
    def kinds(self) -> dict[str, str]:
        """Type by field; asked of Odoo only by what needs it, which plain updates do not."""
        return live.kinds(self.client, self.model)


def write(writer: Writer, lines: list[Line]) -> list[Outcome]:
    """Write lines that are all creations, all merges, or neither; one outcome each. Raises Odoo's errors."""
    if lines and lines[0].action in merge_write.MERGES:
        return merge_write.write(writer, lines)
    lines, unresolved = _resolved(writer, lines)
    if not lines or lines[0].action != "create":
        return unresolved + (_update(writer, lines) if lines else [])
    made, lines = _made_already(writer, lines)
    return (
        unresolved + (_update(writer, made, created=True) if made else []) + (_create(writer, lines) if lines else [])
    )


def look_up(writer: Writer, lines: list[Line]) -> tuple[list[Outcome], list[Line]]:
    """(what this run has already written, the lines that it has not): by the stamp on the records. Reads only."""
    merging = [line for line in lines if line.action in merge_write.MERGES]
    if merging:
        outcomes, rest = look_up(writer, [line for line in lines if line.action not in merge_write.MERGES])
        merged, unmerged = merge_write.look_up(writer, merging)
        return outcomes + merged, rest + unmerged
    if not lines:
        return [], []
    creating = [line.golden_id for line in lines if line.action == "create"]
    fields = sorted({name for line in lines for name in line.after} - STRUCTURE | {GOLDEN_ID, RUN})
    ids = [line.odoo_id for line in lines if line.odoo_id]
    wanted = ["|", (GOLDEN_ID, "in", creating), ("id", "in", ids)]
    rows = search_read(writer.client, writer.model, fields, [*wanted, (RUN, "=", writer.run_id)])
    by_id = {row["id"]: row for row in rows}
    by_key = {row[GOLDEN_ID]: row for row in rows}
    resolved = {line.line: line for line in _resolved(writer, lines)[0]}
    outcomes, rest = [], []
    for line in lines:
        row = by_key.get(line.golden_id) if line.action == "create" else by_id.get(line.odoo_id)
        if row is None or line.line not in resolved:
            rest.append(line)
            continue
        line = resolved[line.line]
        kept = [
            name
            for name, value in line.after.items()
            if name not in STRUCTURE and not same(seen(writer.kinds[name], row[name]), value)
        ]
        outcomes.append(_done(line, row["id"], line.action == "create", kept))
    return outcomes, rest


def _create(writer: Writer, lines: list[Line]) -> list[Outcome]:
    values = in_odoos_terms(writer.client, [_sent(line.after) for line in lines], writer.policy.made_with)
    items = [
        {"xid": line.golden_id, "values": each | {RUN: writer.run_id}} for line, each in zip(lines, values, strict=True)
    ]
    answer = upsert(writer.client, writer.model, items, writer.context)
    outcomes = [
        _done(line, answer[line.golden_id]["id"], True, []) for line in lines if answer[line.golden_id]["created"]
    ]
    known = [line for line in lines if not answer[line.golden_id]["created"]]
    if known:
        ours, others = look_up(writer, known)
        outcomes += ours
        said = {"problem": "came into being after the plan was made; plan again"}
        outcomes += [Outcome(line, "conflict", answer[line.golden_id]["id"] or None, detail=said) for line in others]
    return outcomes


def _update(writer: Writer, lines: list[Line], created: bool = False) -> list[Outcome]:
    outcomes, bound = _bound(writer, lines)
    items = [
        {"id": line.odoo_id, "base": _sent(line.before), "values": _sent(line.after) | {RUN: writer.run_id}}
        for line in bound
    ]
    answer = compare_and_set(writer.client, writer.model, items, writer.context)
    kept = defaultdict(list)
    for conflict in answer["conflict"]:
        kept[conflict["id"]].append(conflict["field"])
    done, gone, busy = set(answer["done"]), set(answer["gone"]), set(answer["busy"])
    for line in bound:
        if line.odoo_id in done:
            outcomes.append(_done(line, line.odoo_id, created, kept[line.odoo_id]))
        elif line.odoo_id in gone:
            outcomes.append(_gone(line))
        elif line.odoo_id in busy:
            outcomes.append(Outcome(line, "busy", line.odoo_id, detail={"problem": HELD}))
        else:
            outcomes.append(
                Outcome(line, "conflict", line.odoo_id, detail={"kept": kept[line.odoo_id], "problem": KEPT})
            )
    return outcomes


def _bound(writer: Writer, lines: list[Line]) -> tuple[list[Outcome], list[Line]]:
    """Tie records to their golden ids where a line says so; (lines that could not be, lines to go on with)."""
    binding = [line for line in lines if GOLDEN_ID in line.after]
    items = [{"xid": line.golden_id, "id": line.odoo_id, "values": {}} for line in binding]
    answer = upsert(writer.client, writer.model, items, writer.context)
    outcomes = []
    for line in binding:
        found = answer[line.golden_id]["id"]
        if not found:
            outcomes.append(_gone(line))
        elif found != line.odoo_id:
            said = {"problem": f"its external id stands for record {found}; plan again"}
            outcomes.append(Outcome(line, "conflict", line.odoo_id, detail=said))
    out = {outcome.line.line for outcome in outcomes}
    return outcomes, [line for line in lines if line.line not in out]


def _made_already(writer: Writer, lines: list[Line]) -> tuple[list[Line], list[Line]]:
    """(creations for which Odoo made a record together with the parent, as updates of it; the other creations)."""
    parent = writer.policy.made_with
    if not parent:
        return [], lines
    fields = sorted({name for line in lines for name in line.after} - STRUCTURE | {parent, GOLDEN_ID})
    wanted = [(parent, "in", sorted({line.after[parent] for line in lines}))]
    children = defaultdict(list)
    for row in search_read(writer.client, writer.model, fields, wanted):
        children[seen("many2one", row[parent])].append(row)
    made, rest = [], []
    for line in lines:
        there = children[line.after[parent]]
        if len(there) == 1 and not there[0][GOLDEN_ID] and CHOSEN not in line.after:
            before = {name: seen(writer.kinds[name], there[0][name]) for name in line.after}
            made.append(replace(line, odoo_id=there[0]["id"], before=before))
        else:
            rest.append(line)
    return made, rest


def _resolved(writer: Writer, lines: list[Line]) -> tuple[list[Line], list[Outcome]]:
    """Put Odoo ids in the place of golden ids of records that this run created; (lines, those that cannot be)."""
    pending: dict[str, set[str]] = defaultdict(set)
    for line in lines:
        for name, value in line.after.items():
            if isinstance(value, dict) and name not in STRUCTURE:
                pending[name].add(value["golden_id"])
    found = {name: _ids(writer, name, golden_ids) for name, golden_ids in pending.items()}
    resolved, outcomes = [], []
    for line in lines:
        waiting = {
            name: value["golden_id"]
            for name, value in line.after.items()
            if isinstance(value, dict) and name not in STRUCTURE
        }
        missing = [golden_id for name, golden_id in waiting.items() if golden_id not in found[name]]
        if missing:
            outcomes.append(
                Outcome(line, "rejected", detail={"problem": f"rests on {missing[0]}, which was not written"})
            )
        else:
            ids = {name: found[name][golden_id] for name, golden_id in waiting.items()}
            resolved.append(replace(line, after=line.after | ids))
    return resolved, outcomes


def _ids(writer: Writer, name: str, golden_ids: Iterable[str]) -> dict[str, int]:
    model = writer.models[writer.policy.fields[name].lookup.object]
    rows = search_read(writer.client, model, [GOLDEN_ID], [(GOLDEN_ID, "in", sorted(golden_ids))])
    return {row[GOLDEN_ID]: row["id"] for row in rows}


def _done(line: Line, odoo_id: int, created: bool, kept: list[str]) -> Outcome:
    before = {} if created else line.before
    left = {*kept, *STRUCTURE}
    written = {name: (before.get(name), value) for name, value in line.after.items() if name not in left}
    return Outcome(line, "done", odoo_id, created, written, {"kept": kept, "problem": KEPT} if kept else {})


def _gone(line: Line) -> Outcome:
    return Outcome(line, "gone", line.odoo_id, detail={"problem": "deleted in Odoo since it was last read"})


def _sent(values: dict[str, Any]) -> dict[str, Any]:
    return {name: sent(value) for name, value in values.items()}
