"""Least privilege inside Odoo: groups, what each may do (access.csv), and one user in each.

One to extract, one to publish and, where Odoo has tills, one to extract what they sold (sources/odoopos), for who reads
contacts and prices has no right to that.
Everything else stays closed: a right that is not a row of access.csv is not given. Nobody else may run our actions.
"""

from __future__ import annotations

import contextlib
import csv
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from sources.odoo import actions
from sources.odoo.client import OdooClient, call, search_read
from sources.odoo.errors import OdooDenied, OdooMissing
from sources.odoo.wanted import INTERNAL, MODULE, SETTINGS, Ref, Step, Wanted, missing, registry

ACCESS = Path(__file__).with_name("access.csv")
VERBS = {"r": "perm_read", "w": "perm_write", "c": "perm_create", "d": "perm_unlink"}
READER, PUBLISHER, TILLS = "reader", "publisher", "till_reader"
LOGINS = {READER: "assay_reader", PUBLISHER: "assay_publisher", TILLS: "assay_till_reader"}
KEY_DAYS = 90
WHICH = "which_database"
# Plans and receipts belong to one database, and its uuid tells a copy from it; only administrators may read it.
WHICH_DATABASE = 'action = {"uuid": env["ir.config_parameter"].sudo().get_param("database.uuid")}'


@dataclass(frozen=True)
class Right:
    """One row of access.csv; `rights` are letters of VERBS."""

    group: str
    model: str
    rights: str
    why: str


def rights() -> list[Right]:
    """What each group may do."""
    with ACCESS.open(newline="") as file:
        return [Right(**row) for row in csv.DictReader(file)]


def logins(client: OdooClient) -> dict[str, str]:
    """Login by group, of the groups that this Odoo needs."""
    tills = actions.ids_of_models(client, ["pos.order"])
    return {group: login for group, login in LOGINS.items() if tills or group != TILLS}


def plan(client: OdooClient) -> list[Step]:
    """What is missing, differs or is too much for extract and publish as their own users. Needs an administrator."""
    return [
        *actions.missing_fields(client),
        *missing(client, _groups(client)),
        *missing(client, _rows(client)),
        *_beyond(client),
        *missing(client, _actions(client)),
        *missing(client, _users(client)),
    ]


def uuid_of(client: OdooClient) -> str | None:
    """The uuid of the database, for administrators and for our own users; None for others, and where it has none.

    Raises OdooDenied where Odoo does not take the key: that says nothing of rights, and no other name may come of it.
    """
    with _closed_to_some():
        if action := actions.registered(client).get(WHICH):
            return call(client, "ir.actions.server", "run", [action])["uuid"] or None
    with _closed_to_some():
        found = search_read(client, "ir.config_parameter", ["value"], [("key", "=", "database.uuid")], limit=1)
        return found[0]["value"] if found else None
    return None


@contextlib.contextmanager
def _closed_to_some() -> Iterator[None]:
    """What is missing, or this user may not see, is passed over."""
    try:
        yield
    except OdooMissing:
        pass
    except OdooDenied as error:
        if not error.by_rights:
            raise


def removal(client: OdooClient) -> list[Step]:
    """Take it all away, but no data: users are archived, and golden ids stay as external ids."""
    known, steps = registry(client), []
    people = [known[xid] for xid in _names("user_") if xid in known]
    for row in search_read(client, "res.users", ["login"], [("id", "in", people), ("active", "=", True)]):
        archive = partial(call, client, "res.users", "write", [row["id"]], vals={"active": False})
        steps.append(Step(f"user {row['login']} archived, which ends its keys", archive))
    steps += actions.removal(client)
    for model, words in (("ir.model.access", "right"), ("res.groups", "group")):
        rows = search_read(client, "ir.model.data", ["res_id"], [("module", "=", MODULE), ("model", "=", model)])
        # The publisher's group rests on the reader's, so it goes first.
        held = search_read(client, model, ["name"], [("id", "in", [row["res_id"] for row in rows])], order="id desc")
        for row in held:
            steps.append(Step(f"{words} {row['name']}", partial(call, client, model, "unlink", [row["id"]])))
    return steps


def _groups(client: OdooClient) -> Iterator[Wanted]:
    for name in logins(client):
        rests_on = [Ref(f"{MODULE}.group_{READER}")] if name == PUBLISHER else []
        values = {"name": f"Assay {name}", "implied_ids": rests_on, "api_key_duration": float(KEY_DAYS)}
        yield Wanted(f"group_{name}", "res.groups", values, f"group Assay {name}")


def _rows(client: OdooClient) -> Iterator[Wanted]:
    """The rows of ir.model.access, for the models that this Odoo has."""
    given = rights()
    models = actions.ids_of_models(client, {right.model for right in given})
    for right in given:
        if right.model in models:
            name = f"Assay {right.group}: {right.model}"
            verbs = {column: letter in right.rights for letter, column in VERBS.items()}
            values = {"name": name, "model_id": models[right.model], "group_id": Ref(f"{MODULE}.group_{right.group}")}
            yield Wanted(_xid(right), "ir.model.access", values | verbs, f"right {name} {right.rights}")


def _beyond(client: OdooClient) -> list[Step]:
    """Rights that our groups have and access.csv does not give them."""
    known, ours = registry(client), {f"{MODULE}.{_xid(right)}" for right in rights()}
    groups = [known[xid] for xid in _names("group_") if xid in known]
    given = {record for xid, record in known.items() if xid in ours}
    rows = search_read(client, "ir.model.access", ["name"], [("group_id", "in", groups)])
    return [
        Step(f"right {row['name']} taken away", partial(call, client, "ir.model.access", "unlink", [row["id"]]))
        for row in rows
        if row["id"] not in given
    ]


def _actions(client: OdooClient) -> Iterator[Wanted]:
    """The server actions, each for its group and for administrators."""
    for each in actions.wanted(client):
        yield replace(each, values=each.values | {"group_ids": _for(PUBLISHER)})
    company = actions.ids_of_models(client, ["res.company"])["res.company"]
    title = "assay: which database"
    values = {"name": title, "model_id": company, "state": "code", "code": WHICH_DATABASE, "group_ids": _for(READER)}
    yield Wanted(WHICH, "ir.actions.server", values, f"action {title}")


def _for(group: str) -> list[Ref]:
    return [Ref(f"{MODULE}.group_{group}"), Ref(SETTINGS)]


def _users(client: OdooClient) -> Iterator[Wanted]:
    """Internal users, for others may not have API keys, with our group and no other."""
    for name, login in logins(client).items():
        groups = [Ref(INTERNAL), Ref(f"{MODULE}.group_{name}")]
        values = {"name": f"Assay {name}", "login": login, "active": True, "group_ids": groups}
        yield Wanted(f"user_{name}", "res.users", values, f"user {login}")


def _names(prefix: str) -> list[str]:
    return [f"{MODULE}.{prefix}{name}" for name in LOGINS]


def _xid(right: Right) -> str:
    return f"access_{right.group}_{right.model.replace('.', '_')}"
