"""The difference between golden and Odoo for one object, by row. Pure: nothing is asked or written here.

A row is bound to its Odoo record and compared field by field; what a person changed since Assay wrote it is taken
out of the changes and kept.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pipelines.publish.golden import Rows
from pipelines.publish.policy import ObjectPolicy
from pipelines.publish.values import dialled, same, seen
from sources.odoo.actions import GOLDEN_ID

Values = dict[str, Any]
Overruled = Callable[[int, str, Any], bool]


@dataclass
class Comparison:
    """One object's rows against Odoo's records. Keys are row numbers; `changes` holds (before, after) by field."""

    bound: dict[int, int]
    problems: dict[int, str]
    changes: dict[int, tuple[Values, Values]] = field(default_factory=dict)
    retired: set[int] = field(default_factory=set)
    held: dict[int, Values] = field(default_factory=dict)
    others: list[Values] = field(default_factory=list)
    existing: int = 0
    unlisted: int = 0


def bind(rows: Rows, bindings: Mapping[str, int]) -> tuple[dict[int, int], dict[int, str]]:
    """(Odoo id, problem) by row number: the external id decides, else the record that the cluster holds.

    A record that two golden records claim stays with the one bound to it; for the other it is a problem.
    """
    by_key = [(number, bindings[golden_id]) for number, golden_id in enumerate(rows.ids) if golden_id in bindings]
    # Of two golden ids on one record (merged in Odoo), the one whose cluster holds that record goes first.
    by_key.sort(key=lambda pair: (rows.odoo_ids[pair[0]] != pair[1], rows.ids[pair[0]]))
    keyed = {number for number, _ in by_key}
    by_cluster = [(n, odoo_id) for n, odoo_id in enumerate(rows.odoo_ids) if odoo_id is not None and n not in keyed]
    bound, problems, owner = {}, {}, {}
    for number, odoo_id in [*by_key, *by_cluster]:
        if odoo_id in owner:
            other = rows.ids[owner[odoo_id]]
            problems[number] = f"Odoo record {odoo_id} already stands for {other}; decide in match_overrides.csv"
        else:
            bound[number], owner[odoo_id] = odoo_id, number
    return bound, problems


def compare(
    rows: Rows,
    policy: ObjectPolicy,
    fields: Mapping[str, Any],
    bindings: Mapping[str, int],
    live: Iterable[Values],
    offered: Mapping[int, set[tuple[str, str]]] = {},
) -> Comparison:
    """Compare every bound row with its record. `live` is read once; `fields` is Odoo's fields_get.

    `offered`: options that products in Odoo offer through attributes of ours, where a variant can still be added.
    """
    found = Comparison(*bind(rows, bindings))
    number_of = {odoo_id: number for number, odoo_id in found.bound.items()}
    keyed = set(bindings.values())
    differs = difference(rows, policy, fields)
    keep = bool(policy.unique or policy.window or policy.made_with)
    for record in live:
        found.existing += 1
        number = number_of.get(record["id"])
        if number is None:
            found.unlisted += record["id"] in keyed
            if keep:
                found.others.append(record)
            continue
        if keep:
            found.held[number] = record
        found.changes[number] = differs(number, record)
        if all(record[name] == value for name, value in policy.retire.items()):
            found.retired.add(number)
    for number, odoo_id in found.bound.items():
        if number not in found.changes:
            found.problems[number] = f"Odoo record {odoo_id} does not exist any more; extract Odoo again, then plan"
    if policy.made_with:
        _adopt(rows, policy.made_with, found, differs, offered)
    return found


def difference(
    rows: Rows, policy: ObjectPolicy, fields: Mapping[str, Any]
) -> Callable[[int, Values], tuple[Values, Values]]:
    """A function of row number and record: (before, after) of the fields that differ, the golden id among them."""
    columns = [
        (name, fields[name]["type"], rows.values[name], field_policy.from_parent, field_policy.spelling == "phone")
        for name, field_policy in policy.owned.items()
        if field_policy.only != "create"
    ]

    def differs(number: int, record: Values) -> tuple[Values, Values]:
        before, after = {}, {}
        for name, kind, column, from_parent, phone in columns:
            wanted = column[number]
            if wanted is None or (from_parent and record["parent_id"]):
                continue
            current = seen(kind, record[name])
            if not (same(current, wanted) or (phone and dialled(current) == dialled(wanted))):
                before[name], after[name] = current, wanted
        stamped = record[GOLDEN_ID] or None
        if stamped != rows.ids[number]:
            before[GOLDEN_ID], after[GOLDEN_ID] = stamped, rows.ids[number]
        return before, after

    return differs


def three_way(
    found: Comparison, policy: ObjectPolicy, last: Mapping[int, Mapping[str, Any]], overruled: Overruled
) -> dict[int, tuple[Values, Values]]:
    """Take out of the changes what Odoo's people changed since Assay wrote it; the edits to report, by row number.

    `last` holds the value last written, by Odoo id and field; `overruled` says of an edit, by row number, field and
    the value in Odoo, whether it is to be overwritten. A `shared` field that is Odoo's stays without a word.
    """
    edits = defaultdict(lambda: ({}, {}))
    for number, (before, after) in found.changes.items():
        written = last.get(found.bound[number], {})
        for name in [name for name in after if name in policy.fields]:
            ours = name in written and same(before[name], written[name])
            shared = policy.fields[name].owner == "shared"
            edited = name in written and not ours
            if overruled(number, name, before[name]) or not (
                edited or (shared and before[name] is not None and not ours)
            ):
                continue
            now, wanted = before.pop(name), after.pop(name)
            if not shared:
                edits[number][0][name], edits[number][1][name] = now, wanted
    return dict(edits)


def leave_alone(
    found: Comparison, policy: ObjectPolicy, last: Mapping[int, Mapping[str, Any]], gives_up: Callable[..., bool]
) -> dict[int, list[str]]:
    """Take out of the changes the fields that are not Assay's on that record; their names by row number.

    gives_up: asked for each field by row number, name and whether somebody changed it since Assay wrote it.
    """
    left = defaultdict(list)
    for number, (before, after) in found.changes.items():
        written = last.get(found.bound[number], {})
        for name in [name for name in after if name in policy.fields]:
            if gives_up(number, name, name in written and not same(before[name], written[name])):
                before.pop(name), after.pop(name)
                left[number].append(name)
    return dict(left)


def revive(rows: Rows, found: Comparison, policy: ObjectPolicy, last: Mapping[int, Mapping[str, Any]]) -> None:
    """Bring back records that an undo of ours retired: golden still wants them. Others' archiving is respected."""
    for number in found.retired:
        written = last.get(found.bound[number], {})
        if all(name in written and written[name] == value for name, value in policy.retire.items()):
            before, after = found.changes[number]
            for name, value in policy.retire.items():
                before[name] = value
                after[name] = rows.values[name][number] if name in rows.values else True


def _adopt(
    rows: Rows,
    parent: str,
    found: Comparison,
    differs: Callable[[int, Values], tuple[Values, Values]],
    offered: Mapping[int, set[tuple[str, str]]],
) -> None:
    """Bind rows to records that Odoo made by itself with their parent, where exactly one can be meant."""
    wanted = Counter(rows.values[parent])
    children = defaultdict(list)
    for record in [*found.others, *found.held.values()]:
        children[seen("many2one", record[parent])].append(record)
    taken = set(found.bound.values())
    for number, of in enumerate(rows.values[parent]):
        options = set(rows.options[number].items()) if rows.options else set()
        if number in found.bound or not isinstance(of, int) or (options and options <= offered.get(of, set())):
            continue
        there = children[of]
        rows.extra.pop(number, None)
        if len(there) == 1 == wanted[of] and there[0]["id"] not in taken:
            found.bound[number], found.held[number] = there[0]["id"], there[0]
            found.changes[number] = differs(number, there[0])
        elif there or wanted[of] > 1:
            said = f"{len(there)} variants in Odoo and none of them is this one; add it there, with its attributes"
            found.problems.setdefault(number, f"product {of} has {said}")
    found.others = [record for record in found.others if record["id"] not in set(found.bound.values())]
