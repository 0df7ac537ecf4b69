"""Merging and taking merges back, one cluster a call: what is sent, and by reading back a receipt for each reference.

What was moved is never taken from Odoo's answer alone: the cells that the plan lists are read again, so that a merge
whose answer was lost has the same receipts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipelines.publish.receipts import Cell, Outcome
from pipelines.publish.store import Line
from pipelines.publish.values import same, seen
from sources.odoo import merging
from sources.odoo.actions import RUN, merge_action
from sources.odoo.client import OdooClient, search_read
from sources.odoo.errors import OdooNoSuchMethod, OdooRetryable
from sources.odoo.merging import MERGED_INTO

if TYPE_CHECKING:
    from pipelines.publish.write import Writer

MERGES = ("merge", "unmerge")
STAYS = "moved on in Odoo since; kept"


def write(writer: Writer, lines: list[Line]) -> list[Outcome]:
    """Carry out lines that all merge, or take merges back; one outcome and one transaction each."""
    return [_unless_held(writer, line) for line in lines]


def look_up(writer: Writer, lines: list[Line]) -> tuple[list[Outcome], list[Line]]:
    """(merges that this run has carried out, the lines that it has not): by the stamp on the losers. Reads only."""
    outcomes, rest = [], []
    for line in lines:
        ids = [int(loser) for loser in line.before["losers"]]
        wanted = [("id", "in", ids), (RUN, "=", writer.run_id)]
        there = {row["id"]: row for row in search_read(writer.client, writer.model, [MERGED_INTO], wanted)}
        into = line.odoo_id if line.action == "merge" else False
        if set(there) == set(ids) and all(row[MERGED_INTO] == into for row in there.values()):
            outcomes.append(
                _outcome(writer, line, look(writer.client, writer.model, [cell[:3] for cell in _cells(writer, line)]))
            )
        else:
            rest.append(line)
    return outcomes, rest


def _unless_held(writer: Writer, line: Line) -> Outcome:
    """What became of the line; busy where somebody holds a record of the cluster: the others do not wait for it."""
    try:
        return _carry_out(writer, line)
    except OdooRetryable as error:
        return Outcome(line, "busy", line.odoo_id, detail={"problem": error.problem})


def _carry_out(writer: Writer, line: Line) -> Outcome:
    action, cells = _action(writer.client, writer.model), _cells(writer, line)
    told = line.before
    order = {"run": writer.run_id, "moves": told["moves"], "cells": [cell[:3] for cell in cells]}
    if line.action == "merge":
        order |= {"survivor": line.odoo_id, "left": told["left"], "along": told["along"]}
        order["losers"] = [
            {"id": int(n), "clears": [name for name in own if name != "active"]} for n, own in told["losers"].items()
        ]
        answer = merging.merge(writer.client, action, writer.model, order)
    else:
        order |= {"survivor": told["survivor"], "along": told["along"]}
        order["losers"] = [{"id": int(n), "values": own} for n, own in told["losers"].items()]
        answer = merging.restore(writer.client, action, writer.model, order)
    if answer["state"] != "done":
        return Outcome(line, answer["state"], line.odoo_id, detail={"problem": answer["problem"]})
    return _outcome(writer, line, answer["cells"])


def _cells(writer: Writer, line: Line) -> list[tuple[str, str, int, Any, Any]]:
    """(model, field, record, value before, value after) of everything that the line is to change."""
    told, cells = line.before, []
    for n, own in told["losers"].items():
        if line.action == "merge":
            cells += [
                (writer.model, name, int(n), value, False if name == "active" else None) for name, value in own.items()
            ]
            cells.append((writer.model, MERGED_INTO, int(n), None, line.odoo_id))
        else:
            cells += [(writer.model, name, int(n), wrote, before) for name, (wrote, before) in own.items()]
    for model, field, row, loser in [*told["moves"], *told["follows"]]:
        way = (loser, line.odoo_id) if line.action == "merge" else (told["survivor"], loser)
        cells.append((model, field, row, *way))
    for model, field, row, *values in told["along"]:
        cells.append((model, field, row, values[0], values[1] if len(values) > 1 else ...))
    return cells


def _outcome(writer: Writer, line: Line, now: list[list[Any]]) -> Outcome:
    """Receipts for what stands as it was to be, and for what Odoo changed along; the others are named as kept."""
    changed, kept = [], []
    for (model, field, row, before, after), (exists, value) in zip(_cells(writer, line), now, strict=True):
        name = line.object if (model, field) in _own(writer.model, field) else model
        if isinstance(value, list):
            is_moved = exists and after in value and before not in value
            place = f"{field}[{before if line.action == 'merge' else after}]"
        else:
            before, after, value = (_plain(field, each) for each in (before, after, value))
            after = value if after is ... else after
            is_moved, place = exists and same(value, after), field
        if is_moved and not same(before, after):
            changed.append(Cell(name, row, place, before, after))
        elif not is_moved and not _follows(line, model, field, row):
            kept.append(f"{model}/{row}.{field}")
    return Outcome(line, "done", line.odoo_id, cells=changed, detail={"kept": kept, "problem": STAYS} if kept else {})


def _own(model: str, field: str) -> set[tuple[str, str]]:
    """The cells that belong to a loser itself; the parent of a contact, say, is a reference of another record."""
    clears = merging.references()[model].get("clears", [])
    return {(model, name) for name in ("active", MERGED_INTO, *clears) if name == field}


def _plain(field: str, value: Any) -> Any:
    return value if value is ... else seen("boolean" if field == "active" else "many2one", value)


def _follows(line: Line, model: str, field: str, row: int) -> bool:
    """Whether Odoo alone decides about the cell: nothing is owed where it did not follow."""
    return any([model, field, row] == each[:3] for each in line.before["follows"])


def look(client: OdooClient, model: str, cells: list[tuple[str, str, int]]) -> list[list[Any]]:
    """[exists, value] of cells that a merge of `model` may touch, as they are now."""
    return merging.look(client, _action(client, model), model, cells)


def _action(client: OdooClient, model: str) -> int:
    action = merge_action(client, model)
    if action is None:
        problem = "this Odoo has no merge action any more"
        raise OdooNoSuchMethod(model, "merge", problem, "run `assay odoo provision` as administrator")
    return action
