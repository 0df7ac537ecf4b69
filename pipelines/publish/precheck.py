"""Pre-check: what this Odoo would refuse, or silently change, of what a plan is about to write.

Every objection names field, reason and remedy; the record it belongs to is rejected in the plan and the others go on.
Reads are batched; what only Odoo itself can tell is rehearsed there and taken back.
"""

from __future__ import annotations

from collections.abc import Iterator

from pipelines.publish import relations
from pipelines.publish.drafts import PAGE, Asking, Draft, Objections
from pipelines.publish.rehearse import rehearse
from sources.odoo.actions import GOLDEN_ID
from sources.odoo.client import OdooClient, call, search_read
from sources.odoo.errors import OdooDenied, OdooMissing, OdooNoSuchMethod

# A blank one of these is 0 or no, which satisfies Odoo, or is made of other records.
NEVER_BLANK = {"boolean", "integer", "float", "monetary", "one2many"}


def precheck(asking: Asking, drafts: dict[int, Draft]) -> Objections:
    """All that speaks against the drafts, by row number. Raises the errors of Odoo's client; changes nothing."""
    found = Objections()
    if drafts:
        for check in (_rights, _required, relations.check, _elsewhere):
            check(asking, drafts, found)
        rehearse(asking, {n: draft for n, draft in drafts.items() if n not in found.by_row}, found)
    return found


def may(client: OdooClient, model: str, operation: str, ids: list[int] | None = None) -> bool:
    """Whether the user of this client may do it, to these records where some are given."""
    try:
        return call(client, model, "has_access", ids or [], operation=operation)
    except OdooNoSuchMethod:
        if not ids:
            return call(client, model, "check_access_rights", operation=operation, raise_exception=False)
        try:
            call(client, model, "check_access_rule", ids, operation=operation)
        except OdooDenied:
            return False
        return True


def _rights(asking: Asking, drafts: dict[int, Draft], found: Objections) -> None:
    creating = [n for n, draft in drafts.items() if draft.odoo_id is None]
    changing = {draft.odoo_id: n for n, draft in drafts.items() if draft.odoo_id is not None}
    who, remedy = asking.client.login, "give the group of this user the right, or take the object out of odoo.yml"
    if creating and not may(asking.client, asking.model, "create"):
        for number in creating:
            found.add(number, GOLDEN_ID, f"cannot be written: {who} may not create {asking.model}", remedy)
    if changing and not may(asking.client, asking.model, "write"):
        for number in changing.values():
            found.add(number, GOLDEN_ID, f"cannot be written: {who} may not change {asking.model}", remedy)
        return
    ids = list(changing)
    for start in range(0, len(ids), PAGE):
        for denied in _denied(asking, ids[start : start + PAGE]):
            said = f"cannot be written: a record rule keeps {who} from {asking.model} {denied}"
            found.add(changing[denied], GOLDEN_ID, said, "let the rule include this user, or leave it to others")


def _denied(asking: Asking, ids: list[int]) -> Iterator[int]:
    """The records that this user may not change, found by halves: one call where there are none."""
    if not may(asking.client, asking.model, "write", ids):
        if len(ids) == 1:
            yield ids[0]
        else:
            yield from _denied(asking, ids[: len(ids) // 2])
            yield from _denied(asking, ids[len(ids) // 2 :])


def _required(asking: Asking, drafts: dict[int, Draft], found: Objections) -> None:
    """Fields that this Odoo requires and that nobody would fill: often an own field of the company that runs it."""
    must = {
        name
        for name, said in asking.fields.items()
        if said.get("required") and said.get("store", True) and said["type"] not in NEVER_BLANK
        if not (said.get("readonly") or said.get("related") or said.get("depends"))
    }
    bare = {n: must - draft.values.keys() for n, draft in drafts.items() if draft.odoo_id is None}
    asked = sorted(set().union(*bare.values()) if bare else ())
    if not asked:
        return
    argument = "fields" if asking.client.version >= (19, 0) else "fields_list"
    given = call(asking.client, asking.model, "default_get", **{argument: asked})
    for number, names in bare.items():
        for name in sorted(names):
            if given.get(name) in (None, False, ""):
                said = "is required by this Odoo, and neither golden nor a default of Odoo fills it"
                found.add(number, name, said, "publish it, or give it a default in Odoo")


def _elsewhere(asking: Asking, drafts: dict[int, Draft], found: Objections) -> None:
    """Values that must be free on another model too, such as the barcodes of packagings."""
    for name, lookup in asking.policy.elsewhere.items():
        wanted = {draft.values[name]: n for n, draft in drafts.items() if draft.values.get(name)}
        values = list(wanted)
        try:
            for start in range(0, len(values), PAGE):
                some = [(lookup.key, "in", values[start : start + PAGE])]
                for row in search_read(asking.client, lookup.model, [lookup.key], some):
                    said = f"{row[lookup.key]} is on {lookup.model} {row['id']} in Odoo"
                    found.add(wanted[row[lookup.key]], name, said, "correct one of the two")
        except (OdooMissing, OdooDenied):
            # This Odoo lacks the module, or hides it from the publisher: the rehearsal may still tell.
            continue
