"""Merging records inside Odoo without deleting any: look at what points at them, point it elsewhere, put it back.

Odoo's own wizard deletes the merged records and cannot be undone. Here the losers are archived with a pointer to the
survivor. One server action per model does all of it, each call in one transaction. It acts beyond the caller's rights,
so that the publishing user needs none on orders, tills or leads; what it may touch is written into it when it is set
up: the references that `references.yml` lets move, only from one such record to another, and back.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from sources.declared import read_yaml
from sources.odoo.client import OdooClient, call
from sources.odoo.errors import OdooNoSuchMethod

MERGED_INTO = "x_assay_merged_into"
MODELS = ("product.product", "product.template", "res.partner")
SAID = ("else", "forbids")
"""What references.yml says to people about a reference that moves, and Odoo need not know."""
Cell = tuple[str, str, int]


@cache
def references() -> dict[str, dict[str, Any]]:
    """references.yml: by model that may be merged, what points at it and what becomes of that."""
    return read_yaml(Path(__file__).with_name("references.yml").read_text())


def fields(model: str) -> dict[str, dict[str, Any]]:
    """The field that a merge needs on `model`, as `ir.model.fields` takes it."""
    said = {"field_description": "Assay merged into", "help": "The record that stands for this one since a merge."}
    return {MERGED_INTO: {"ttype": "many2one", "relation": model, "on_delete": "set null", "index": True, **said}}


def supported(client: OdooClient) -> bool:
    """Whether this Odoo says which of its rows are unique; without that no merge can be planned."""
    try:
        return bool(call(client, "ir.model.constraint", "search_count", domain=[]))
    except OdooNoSuchMethod:
        return False


def in_use(client: OdooClient, model: str) -> bool:
    """Whether a record of `model` is merged: its old id leads nowhere without our field."""
    return bool(call(client, model, "search_count", domain=[(MERGED_INTO, "!=", False)]))


def codes() -> dict[str, str]:
    """The code of the server action by model that may be merged."""
    code = Path(__file__).with_name("merge_action.py").read_text()
    return {model: f"POLICY = {_policy(model)!r}\n{code}" for model in MODELS}


def _policy(model: str) -> dict[str, Any]:
    """What the server action has to know of references.yml."""
    told = references()[model]
    blocks = {
        f"{row['model']}.{field}": row["blocks"] for row in told["stays"] for field in row["fields"] if "blocks" in row
    }
    moves = {name: {key: rule[key] for key in rule if key not in SAID} for name, rule in told["moves"].items()}
    return {"moves": moves, "follows": told.get("follows", {}), "blocks": blocks, "clears": told.get("clears", [])}


def survey(client: OdooClient, action: int, model: str, clusters: list[tuple[int, list[int]]]) -> list[dict[str, Any]]:
    """What points at the records of each (survivor, losers), by field of Odoo's schema; reads only.

    Each: "model", "field"; "rows" = [[row, loser, "moves" | "follows" | "clashes", {field along: value}]]; "counts" of
    rows that stay and "blocks" of rows that forbid a merge, both by record id as text.
    """
    return _run(client, action, model, {"mode": "survey", "clusters": clusters})["references"]


def merge(client: OdooClient, action: int, model: str, order: dict[str, Any]) -> dict[str, Any]:
    """Carry out one merge; safe to send again.

    order: "run"; "survivor"; "losers" = [{"id", "clears"}]; "moves" and "left" = [[model, field, row, loser]];
    "along" = [[model, field, row, value]] as the plan saw it; "cells" = [[model, field, row]] to read back.
    Answer: "state" is done, conflict or gone, "problem", and "cells" = [[exists, value]] as they are now.
    """
    return _run(client, action, model, {"mode": "merge", **order})


def restore(client: OdooClient, action: int, model: str, order: dict[str, Any]) -> dict[str, Any]:
    """Take a merge back wherever Odoo still holds what it wrote; safe to send again.

    order: as for `merge`, but "losers" = [{"id", "values": {field: [written, before]}}] and "along" = [[model, field,
    row, written, before]].
    """
    return _run(client, action, model, {"mode": "restore", **order})


def look(client: OdooClient, action: int, model: str, cells: list[Cell]) -> list[list[Any]]:
    """[exists, value] of each (model, field, row), as they are now; of what a merge may touch only."""
    return _run(client, action, model, {"mode": "look", "cells": cells})["cells"]


def _run(client: OdooClient, action: int, model: str, told: dict[str, Any]) -> dict[str, Any]:
    context = {"active_model": model, "assay_merge": told}
    return call(client, "ir.actions.server", "run", [action], context)
