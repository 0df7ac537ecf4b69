"""What a plan reads from the live Odoo: which database it is, its fields, keys, bindings and records. Never writes."""

from __future__ import annotations

import contextlib
import math
from collections import Counter
from collections.abc import Iterator
from typing import Any

from pipelines.publish.policy import ObjectPolicy
from pipelines.publish.refusal import PublishRefused
from pipelines.publish.values import Refused
from sources.odoo.access import uuid_of
from sources.odoo.actions import GOLDEN_ID, RUN
from sources.odoo.client import OdooClient, call, fields_get, read_by_id, read_columns, search_read
from sources.odoo.errors import OdooDenied, OdooNoSuchMethod
from sources.odoo.wanted import MODULE

READ_PAGE = 2000
# Of these PostgreSQL holds one value for each record.
PLAIN = {"char", "text", "html", "selection", "boolean", "integer", "float", "monetary", "date", "datetime", "many2one"}


def fingerprint(client: OdooClient) -> str:
    """Which database this is: its name with its uuid, or with its birthday where nobody tells the uuid.

    The publishing user, who may not read the uuid himself, asks the action of ours that tells it.
    """
    if uuid := uuid_of(client):
        return f"{client.db} {uuid}"
    born = search_read(client, "res.company", ["create_date"], limit=1)
    return f"{client.db} of {born[0]['create_date']}"


def described(client: OdooClient, policy: ObjectPolicy) -> dict[str, dict[str, Any]]:
    """`fields_get` of the object's model. Raises PublishRefused where the policy and this Odoo do not fit."""
    fields = fields_get(client, policy.model)
    if GOLDEN_ID not in fields or RUN not in fields:
        raise PublishRefused(
            f"{policy.model} lacks {GOLDEN_ID} and {RUN}", "run `assay odoo provision` as administrator"
        )
    for name in policy.owned:
        if name not in fields:
            raise PublishRefused(f"{policy.model} has no field {name}", "install its module or take it out of odoo.yml")
        if fields[name].get("readonly"):
            raise PublishRefused(f"{policy.model}.{name} cannot be written", "take it out of odoo.yml")
    return fields


def kinds(client: OdooClient, model: str) -> dict[str, str]:
    """Type by field of a model; asked once per connection, or since `forget_kinds`."""
    known = client.remembered.setdefault("kinds", {})
    if model not in known:
        known[model] = {name: said["type"] for name, said in fields_get(client, model, ("type",)).items()}
    return known[model]


def forget_kinds(client: OdooClient) -> None:
    """Ask anew for types: a module may have been upgraded since."""
    client.remembered.pop("kinds", None)


def bindings(client: OdooClient, model: str) -> dict[str, int]:
    """Odoo id by golden id: from our field on the records and, where readable, our external ids, which win."""
    bound = {}
    for row in _all(client, model, [GOLDEN_ID], [(GOLDEN_ID, "!=", False)]):
        bound.setdefault(row[GOLDEN_ID], row["id"])
    ours = [("module", "=", MODULE), ("model", "=", model)]
    with contextlib.suppress(OdooDenied):
        bound |= {row["name"]: row["res_id"] for row in _all(client, "ir.model.data", ["name", "res_id"], ours)}
    return bound


def keys(client: OdooClient, model: str, key: str) -> dict[str, Any]:
    """Id by stable key; a key that two records share is Refused, because neither can be meant."""
    rows = [row for page in read_by_id(client, model, [key, *_active(client, model)]) for row in page]
    archived = Refused(f"which is archived in this Odoo; bring back that {model}, or mend golden")
    shut = {row[key]: archived for row in rows if not row.get("active", True)}
    rows = [row for row in rows if row.get("active", True)]
    times = Counter(row[key] for row in rows)
    shared = Refused(f"which is ambiguous: several {model} have this {key}; rename all but one")
    return shut | {row[key]: row["id"] if times[row[key]] == 1 else shared for row in rows}


def currency_places(client: OdooClient) -> dict[int, int]:
    """Decimal places of prices by price list id."""
    rounding = {row["id"]: row["rounding"] for row in search_read(client, "res.currency", ["rounding"])}
    lists = search_read(client, "product.pricelist", ["currency_id"])
    return {row["id"]: max(0, round(-math.log10(rounding[row["currency_id"]]))) for row in lists}


def records(client: OdooClient, policy: ObjectPolicy, fields: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every record of the model, archived ones too, with the fields that a diff needs, in order of id."""
    wanted = {*policy.owned, *policy.retire, GOLDEN_ID}
    if any(field.from_parent for field in policy.owned.values()):
        wanted.add("parent_id")
    names = sorted(wanted & fields.keys())
    gathered = all(fields[name]["type"] in PLAIN and fields[name].get("store") for name in names)
    # Odoo reads a number that PostgreSQL has not as 0.
    numbers = [name for name in names if fields[name]["type"] in ("integer", "float", "monetary")]
    for record in _all(client, policy.model, names, gathered=gathered):
        yield record | {name: 0 for name in numbers if record[name] is None}


def _all(
    client: OdooClient, model: str, names: list[str], domain: list | None = None, gathered: bool = True
) -> Iterator[dict[str, Any]]:
    """Every record that matches, gathered by PostgreSQL where this Odoo can and the fields are of that kind."""
    if gathered and client.remembered.get("columns", True):
        try:
            for page in read_columns(client, model, names, domain):
                yield from page
            return
        except OdooNoSuchMethod:
            client.remembered["columns"] = False
    for page in read_by_id(client, model, names, domain, page=READ_PAGE):
        yield from page


def _active(client: OdooClient, model: str) -> list[str]:
    return ["active"] if "active" in call(client, model, "fields_get", attributes=["type"]) else []
