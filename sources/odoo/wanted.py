"""Records that shall stand in Odoo under external ids of ours: what is missing or differs, as steps to read and to do.

What is wanted is said in actions.py and access.py. A step's words may be shown to anybody; nothing happens before `do`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from operator import attrgetter
from typing import Any

from sources.odoo.client import OdooClient, call, search_read

MODULE = "assay"
SET_UP = ["ir.actions.server", "ir.model.access", "res.groups", "res.users"]
INTERNAL, SETTINGS = "base.group_user", "base.group_system"


@dataclass(frozen=True)
class Step:
    """One change to Odoo's set-up: in words, and the call that makes it.

    Neighbours with the same `do` are one call of it, with what each of them is `given`.
    """

    what: str
    do: Callable[..., object]
    given: Any = None


def do_all(todo: Iterable[Step]) -> None:
    """Do the steps in order."""
    for do, steps in groupby(todo, key=attrgetter("do")):
        do(*(step.given for step in steps if step.given is not None))


@dataclass(frozen=True)
class Ref:
    """The record behind an external id with its module, such as `base.group_user`."""

    xid: str


@dataclass(frozen=True)
class Wanted:
    """A record, by its external id in our module, and the values that it shall hold. `what` names it.

    A Ref, or a list of them, stands for ids.
    """

    xid: str
    model: str
    values: dict[str, Any]
    what: str


def missing(client: OdooClient, wanted: Iterable[Wanted]) -> list[Step]:
    """Steps that create what is missing and renew what differs, in the order wanted. Reads only."""
    steps, known, wanted = [], registry(client), list(wanted)
    held = _held(client, wanted, known)
    for each in wanted:
        record = held.get(each.xid)
        if record is None:
            steps.append(Step(each.what, partial(_create, client, each)))
            continue
        differing = [name for name, value in each.values.items() if not _agree(value, record[name], known)]
        if differing:
            words = f"{each.what} renewed ({', '.join(_told(name, record[name]) for name in differing)})"
            steps.append(Step(words, partial(_renew, client, each, differing)))
    return steps


def _held(client: OdooClient, wanted: list[Wanted], known: dict[str, int]) -> dict[str, dict[str, Any]]:
    """The records as they stand, by external id; one read per model."""
    held = {}
    for model in dict.fromkeys(each.model for each in wanted):
        ours = [each for each in wanted if each.model == model]
        ids = {known[f"{MODULE}.{each.xid}"]: each.xid for each in ours if f"{MODULE}.{each.xid}" in known}
        fields = sorted({name for each in ours for name in each.values})
        held |= {ids[row["id"]]: row for row in search_read(client, model, fields, [("id", "in", list(ids))])}
    return held


def registry(client: OdooClient) -> dict[str, int]:
    """Id by external id, of our own records of set-up and of Odoo's groups that they refer to."""
    ours = ["&", ("module", "=", MODULE), ("model", "in", SET_UP)]
    names = [xid.partition(".")[2] for xid in (INTERNAL, SETTINGS)]
    theirs = ["&", ("module", "=", "base"), ("name", "in", names)]
    rows = search_read(client, "ir.model.data", ["module", "name", "res_id"], ["|", *ours, *theirs])
    return {f"{row['module']}.{row['name']}": row["res_id"] for row in rows}


def code_hash(code: str) -> str:
    """What tells one version of an action's code from another."""
    return hashlib.sha256(code.strip().encode()).hexdigest()[:12]


def _told(name: str, held: Any) -> str:
    return f"its code had hash {code_hash(held or '')}" if name == "code" else f"{name} differed"


def _create(client: OdooClient, each: Wanted) -> None:
    values, context = _in_ids(each.values, registry(client)), {"no_reset_password": True}
    made = call(client, each.model, "create", context=context, vals_list=[values])[0]
    # An external id may be left of a record that somebody deleted.
    old = search_read(client, "ir.model.data", ["id"], [("module", "=", MODULE), ("name", "=", each.xid)])
    if old:
        call(client, "ir.model.data", "write", [old[0]["id"]], vals={"res_id": made})
    else:
        row = {"module": MODULE, "name": each.xid, "model": each.model, "res_id": made, "noupdate": True}
        call(client, "ir.model.data", "create", vals_list=[row])


def _renew(client: OdooClient, each: Wanted, names: list[str]) -> None:
    known = registry(client)
    values = _in_ids({name: each.values[name] for name in names}, known)
    call(client, each.model, "write", [known[f"{MODULE}.{each.xid}"]], vals=values)


def _agree(wanted: Any, held: Any, known: dict[str, int]) -> bool:
    if isinstance(wanted, Ref):
        return held == known.get(wanted.xid)
    if isinstance(wanted, list):
        return sorted(held) == sorted(known.get(ref.xid, 0) for ref in wanted)
    if isinstance(wanted, str):
        return wanted.strip() == (held or "").strip()
    return held == wanted


def _in_ids(values: dict[str, Any], known: dict[str, int]) -> dict[str, Any]:
    return {name: _in_id(value, known) for name, value in values.items()}


def _in_id(value: Any, known: dict[str, int]) -> Any:
    if isinstance(value, Ref):
        return known[value.xid]
    return [[6, 0, [known[ref.xid] for ref in value]]] if isinstance(value, list) else value
