"""Merges that golden has taken back: a record that Odoo holds merged, and golden a record of its own again.

The receipts of the merge say what moved; the same is put back, wherever Odoo still holds what was written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import orjson
import sqlalchemy as sa

from pipelines.ledger import receipts
from pipelines.publish.golden import Rows
from pipelines.publish.store import Line
from sources.odoo import merging
from sources.odoo.merging import MERGED_INTO

ELEMENT = re.compile(r"(\w+)\[(\d+)\]")
"""A receipt's field for one value of a list: partner_ids[9]."""


def unmerges(
    connection: sa.Connection,
    target: str,
    name: str,
    rows: Rows,
    merged: dict[int, dict[str, Any]],
) -> Iterator[Line]:
    """A line for every merged record that golden no longer has in the cluster of the record that stands for it."""
    at = {n: number for number, members in enumerate(rows.members) for n in members}
    for loser, record in sorted(merged.items()):
        number, into = at.get(loser), record[MERGED_INTO]
        if number is None or at.get(into) in (None, number):
            continue
        golden_id = rows.ids[number]
        run_id = merged_by(connection, target, name, loser, into)
        if run_id is None:
            said = (
                f"record {loser} was merged into {into}, and this ledger has no receipts of it; undo it where they are"
            )
            yield Line(name, "hold", golden_id, loser, {}, {}, said)
        else:
            yield Line(
                name, "unmerge", golden_id, loser, order_of(connection, run_id, name, loser, into), {MERGED_INTO: None}
            )


def merged_by(connection: sa.Connection, target: str, name: str, loser: int, into: int) -> str | None:
    """The run that wrote the pointer that now stands on the record."""
    wanted = sa.select(receipts.c.run_id, receipts.c.after).where(receipts.c.target == target)
    wanted = wanted.where(receipts.c.object == name, receipts.c.odoo_id == loser, receipts.c.field == MERGED_INTO)
    last = connection.execute(wanted.order_by(receipts.c.seq.desc()).limit(1)).first()
    return last.run_id if last and orjson.loads(last.after) == into else None


def merged_on(connection: sa.Connection, run_id: str, target: str) -> tuple[str, int, int, str] | None:
    """(object, record, what it was merged into, by which run) of the first survivor of the run's merges that a later
    run has merged on, and that stands so still; None where there is none."""
    pointers = sa.select(receipts.c.object, receipts.c.after).where(receipts.c.run_id == run_id)
    pointers = pointers.where(receipts.c.field == MERGED_INTO, receipts.c.after != "null")
    survivors = sorted({(row.object, orjson.loads(row.after)) for row in connection.execute(pointers)})
    written = sa.select(receipts.c.after, receipts.c.run_id).where(receipts.c.target == target)
    written = written.where(receipts.c.field == MERGED_INTO).order_by(receipts.c.seq.desc()).limit(1)
    for name, record in survivors:
        mine = written.where(receipts.c.object == name, receipts.c.odoo_id == record)
        last = connection.execute(mine).first()
        if last and last.after != "null":
            return name, record, orjson.loads(last.after), last.run_id
    return None


def order_of(connection: sa.Connection, run_id: str, name: str, loser: int, into: int) -> dict[str, Any]:
    """What to put back for one loser, from the receipts of the run that merged it."""
    mine = receipts.alias()
    line = sa.select(mine.c.line).where(mine.c.run_id == run_id, mine.c.object == name, mine.c.odoo_id == loser)
    line = line.where(mine.c.field == MERGED_INTO).scalar_subquery()
    wanted = sa.select(receipts).where(receipts.c.run_id == run_id, receipts.c.line == line).order_by(receipts.c.seq)
    return order(connection.execute(wanted).all(), into, {loser})


def inverse(rows: list[sa.Row]) -> Line:
    """The receipts of one merge, or of one taken back, as the line that undoes it."""
    pointers = [row for row in rows if row.field == MERGED_INTO]
    first, losers = pointers[0], {row.odoo_id for row in pointers}
    into = orjson.loads(first.after)
    if into is not None:
        told = order(rows, into, losers)
        return Line(first.object, "unmerge", first.golden_id, into, told, {MERGED_INTO: None}, line=first.line)
    into = orjson.loads(first.before)
    told = again(rows, into, losers)
    return Line(first.object, "merge", first.golden_id, into, told, {MERGED_INTO: into}, line=first.line)


def again(rows: list[sa.Row], into: int, losers: set[int]) -> dict[str, Any]:
    """The receipts of a merge taken back as the order to merge anew, as a plan's line has it."""
    own: dict[str, dict[str, Any]] = {str(loser): {} for loser in sorted(losers)}
    told: dict[str, Any] = {"losers": own, "moves": [], "follows": [], "left": None, "along": []}
    name = next(row.object for row in rows if row.field == MERGED_INTO)
    for row in rows:
        before, after = orjson.loads(row.before), orjson.loads(row.after)
        element = ELEMENT.fullmatch(row.field)
        field = element[1] if element else row.field
        if row.object == name:
            own[str(row.odoo_id)] |= {field: after} if field != MERGED_INTO else {}
        elif before == into and after in losers:
            told["moves" if movable(name, row.object, field) else "follows"].append(
                [row.object, field, row.odoo_id, after]
            )
        elif not element:
            told["along"].append([row.object, field, row.odoo_id, after])
    return told


def movable(name: str, model: str, field: str) -> bool:
    """Whether a merge of object `name` writes this reference itself; else Odoo derives it."""
    return field in merging.references()[name.replace("_", ".")]["moves"].get(model, {}).get("fields", [])


def order(rows: list[sa.Row], into: int, losers: set[int]) -> dict[str, Any]:
    """The receipts of one merge as the order to take it back for `losers`.

    "losers" = {id: {field: [written, before]}}; "moves" and "follows" = [[model, field, row, loser]]; "along" =
    [[model, field, row, written, before]].
    """
    own: dict[str, dict[str, list[Any]]] = {str(loser): {} for loser in sorted(losers)}
    moves, follows, rest = [], [], []
    name = next(row.object for row in rows if row.field == MERGED_INTO)
    for row in rows:
        before, after = orjson.loads(row.before), orjson.loads(row.after)
        element = ELEMENT.fullmatch(row.field)
        if row.object == name:
            if row.odoo_id in losers:
                own[str(row.odoo_id)][row.field] = [after, before]
        elif after == into and before in losers:
            field = element[1] if element else row.field
            (moves if movable(name, row.object, field) else follows).append([row.object, field, row.odoo_id, before])
        else:
            rest.append([row.object, row.field, row.odoo_id, after, before])
    moved = {(model, row) for model, _, row, _ in moves}
    return {
        "survivor": into,
        "losers": own,
        "moves": moves,
        "follows": follows,
        "along": [each for each in rest if (each[0], each[2]) in moved],
    }
