"""What Assay sets up inside Odoo once, and the two writes that rest on it: compare-and-set and keyed upsert.

Two fields on each model that we publish to say which golden record and which run stand behind it. Two server
actions make the writes atomic: Odoo's API has neither. Without them (no administrator) the same functions fall
back to calls that every Odoo has, with the gap that their docstrings state.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from functools import partial
from typing import Any

from sources.odoo import merging
from sources.odoo.client import OdooClient, call, patience, search_read, write_each
from sources.odoo.errors import OdooDenied, OdooRejected, OdooRetryable, redacted
from sources.odoo.rehearsal import REHEARSE
from sources.odoo.wanted import MODULE, Step, Wanted, do_all, missing

# product.product before product.template: a variant would otherwise inherit its template's field.
MODELS = ("product.product", "product.template", "res.partner", "product.pricelist.item")
GOLDEN_ID, RUN = "x_assay_id", "x_assay_run"
FIELDS = {
    GOLDEN_ID: {"field_description": "Assay golden id", "index": True, "help": "The golden record behind this one."},
    RUN: {"field_description": "Assay run", "index": False, "help": "The last Assay run that wrote this record."},
}

# Odoo runs both under the caller's own rights. A field is written only where it still holds `base`. A record that
# somebody else holds is answered as busy and keeps no other waiting. Records are taken from one set, so that Odoo reads
# what each write needs for all of them at once: several times faster; those that get the same values are written at
# once. With each write Odoo looks for two environments of its own, which are gone by the next unless somebody keeps
# them: to make them costs a tenth of the write. Nothing hangs on a price rule, so that writing its columns reaches no
# other record: there the rights, those on each column too, are asked once for all, and not with each write, where
# asking takes three times what writing does.
COMPARE_AND_SET = """
def plain(value):
    if value in (None, "", []):
        return False
    if isinstance(value, list):
        return sorted(value)
    return str(value)[:19] if isinstance(value, datetime.date) else value

items = env.context["assay_items"]
target = model.with_context({k: v for k, v in env.context.items() if k[:6] not in ("assay_", "active")})
free = target.browse([item["id"] for item in items]).try_lock_for_update(allow_referencing=True)
names = sorted({name for item in items for name in item["values"]})
current = {row["id"]: row for row in free.read(names, load=None)}
busy = target.browse([item["id"] for item in items if item["id"] not in current]).exists().ids
done, conflict, gone, alike = [], [], [], {}
for item in items:
    if item["id"] in busy:
        continue
    now = current.get(item["id"])
    if now is None:
        gone.append(item["id"])
        continue
    base, changes, refused, agreed = item["base"], {}, 0, 0
    for name, value in item["values"].items():
        theirs = plain(now[name])
        if theirs == plain(value):
            agreed += name in base
        elif name in base and theirs != plain(base[name]):
            conflict.append({"id": item["id"], "field": name, "current": theirs})
            refused += 1
        else:
            changes[name] = value
            agreed += name in base
    if refused and not agreed:
        continue
    if changes:
        alike.setdefault(str(sorted(changes.items())), (changes, []))[1].append(item["id"])
    done.append(item["id"])
changing = target.browse([record_id for changes, ids in alike.values() for record_id in ids])
fields = [target._fields[name] for name in sorted({name for changes, ids in alike.values() for name in changes})]
own_columns = all([one.store and one.column_type and not one.inverse for one in fields])
open_to_user = all([changing._has_field_access(one, "write") for one in fields])
if target._name == "product.pricelist.item" and own_columns and open_to_user:
    changing.check_access("write")
    changing = changing.sudo()
kept = [changing.sudo(), changing.sudo().with_context(active_test=False)]
together = changing.ids
for changes, ids in alike.values():
    changing.browse(ids).with_prefetch(together).write(dict(changes))
action = {"done": done, "conflict": conflict, "gone": gone, "busy": busy}
"""

UPSERT = """
items = env.context["assay_items"]
target = model.with_context({k: v for k, v in env.context.items() if k[:6] not in ("assay_", "active")})
data = env["ir.model.data"].sudo()
names = [item["xid"] for item in items]
known = {row.name: row.res_id for row in data.search([("module", "=", "assay"), ("name", "in", names)])}
bound = [item["id"] for item in items if item.get("id")]
alive = set(target.browse(sorted(set(bound + list(known.values())))).exists().ids)
result, links, fresh = {}, [], []
for item in items:
    name = item["xid"]
    if name in known or item.get("id"):
        record_id = known.get(name) or item["id"]
        result[name] = {"id": record_id if record_id in alive else False, "created": False}
        if name not in known and record_id in alive:
            if item["values"]:
                target.browse(record_id).write(item["values"])
            links.append((name, record_id))
    else:
        fresh.append(item)
# What Odoo asks of the records that the new ones name it would otherwise read one by one.
for name in sorted({name for item in fresh for name in item["values"]} & set(target._fields)):
    field = target._fields[name]
    if field.type == "many2one" and target.env[field.comodel_name].has_access("read"):
        ids = [item["values"][name] for item in fresh if item["values"].get(name)]
        target.env[field.comodel_name].with_context(active_test=False).search([("id", "in", ids)]).fetch()
for item, record in zip(fresh, target.create([dict(item["values"]) for item in fresh])):
    result[item["xid"]] = {"id": record.id, "created": True}
    links.append((item["xid"], record.id))
data.create([
    {"module": "assay", "name": name, "model": target._name, "res_id": record_id, "noupdate": True}
    for name, record_id in links
])
action = result
"""

MERGE = "merge"
ACTIONS = {"compare_and_set": ("assay: compare and set", COMPARE_AND_SET), "upsert": ("assay: keyed upsert", UPSERT)}
ACTIONS["rehearse"] = ("assay: rehearsal", REHEARSE)


def missing_fields(client: OdooClient) -> list[Step]:
    """Steps that add our fields where they are missing, all at once: with every call Odoo loads its models anew."""
    steps, models = [], ids_of_models(client, MODELS)

    def make(*rows: dict[str, Any]) -> None:
        call(client, "ir.model.fields", "create", vals_list=list(rows))

    merges = merging.MODELS if merging.supported(client) else ()
    ours = [("model", "in", MODELS), ("name", "in", [*FIELDS, merging.MERGED_INTO])]
    have = {(row["model"], row["name"]) for row in search_read(client, "ir.model.fields", ["model", "name"], ours)}
    for model in MODELS:
        for name, properties in (FIELDS | (merging.fields(model) if model in merges else {})).items():
            if (model, name) not in have:
                fixed = {"name": name, "model_id": models[model], "ttype": "char", "copied": False} | properties
                steps.append(Step(f"{model}: field {name}", make, fixed))
    return steps


def wanted(client: OdooClient) -> list[Wanted]:
    """The server actions as records."""
    models = ids_of_models(client, MODELS)
    merges = merging.codes() if merging.supported(client) else {}
    coded = [(what, model, title, code) for model in MODELS for what, (title, code) in ACTIONS.items()]
    coded += [(MERGE, model, "assay: merge", code) for model, code in merges.items()]
    return [
        Wanted(
            _xid(what, model),
            "ir.actions.server",
            {"name": f"{title} ({model})", "model_id": models[model], "state": "code", "code": code},
            f"{model}: action {title}",
        )
        for what, model, title, code in coded
    ]


def provision(client: OdooClient) -> list[str]:
    """Create what is missing and renew what differs; what was done, one line each. Needs an administrator's key."""
    return carry_out(client, steps(client))


def steps(client: OdooClient) -> list[Step]:
    """What provisioning would do."""
    return missing_fields(client) + missing(client, wanted(client))


def carry_out(client: OdooClient, todo: list[Step]) -> list[str]:
    """Do the steps of `todo` in order; their words."""
    do_all(todo)
    client.remembered.pop("actions", None)
    return [step.what for step in todo]


def unprovision(client: OdooClient) -> list[str]:
    """Remove our server actions, and our fields with the ids in them; external ids stay. What was removed."""
    return carry_out(client, removal(client))


def removal(client: OdooClient) -> list[Step]:
    """Steps that take our server actions and fields away. Golden ids that only a field holds become external ids."""
    actions = sorted(_registered(client).values())
    found = search_read(client, "ir.actions.server", ["name"], [("id", "in", actions)])
    steps = [Step(row["name"], partial(call, client, "ir.actions.server", "unlink", [row["id"]])) for row in found]
    ours = [("model", "in", MODELS), ("name", "in", [*FIELDS, merging.MERGED_INTO]), ("state", "=", "manual")]
    fields = search_read(client, "ir.model.fields", ["name", "model"], ours)
    for model in [row["model"] for row in fields if row["name"] == GOLDEN_ID]:
        if kept := _only_in_field(client, model):
            keep = partial(call, client, "ir.model.data", "create", vals_list=kept)
            steps.append(Step(f"{model}: {len(kept)} golden ids kept as external ids", keep))

    def remove(*ids: int) -> None:
        call(client, "ir.model.fields", "unlink", list(ids))

    for row in fields:
        if row["name"] != merging.MERGED_INTO or not merging.in_use(client, row["model"]):
            steps.append(Step(f"{row['model']}: field {row['name']}", remove, row["id"]))
    return steps


def _only_in_field(client: OdooClient, model: str) -> list[dict[str, Any]]:
    """Bindings that stand in our field and not in the registry, as rows of the registry."""
    held = search_read(client, model, [GOLDEN_ID], [(GOLDEN_ID, "!=", False)])
    ours = [("module", "=", MODULE), ("model", "=", model)]
    known = {row["name"] for row in search_read(client, "ir.model.data", ["name"], ours)}
    fixed = {"module": MODULE, "model": model, "noupdate": True}
    rows = {row[GOLDEN_ID]: row["id"] for row in held if row[GOLDEN_ID] not in known}
    return [fixed | {"name": golden_id, "res_id": record} for golden_id, record in rows.items()]


def ids_of_models(client: OdooClient, models: Iterable[str]) -> dict[str, int]:
    """Id by name of the models that this Odoo has."""
    rows = search_read(client, "ir.model", ["model"], [("model", "in", list(models))])
    return {row["model"]: row["id"] for row in rows}


def provisioned(client: OdooClient) -> bool:
    """Whether the server actions are there for this user."""
    return all(_action(client, what, model) for model in MODELS for what in ACTIONS)


def compare_and_set(
    client: OdooClient, model: str, items: list[dict[str, Any]], context: dict[str, Any] | None = None
) -> dict[str, list]:
    """Write each field that still holds its `base`; one call and transaction, more for records that others hold.

    items: [{"id", "base": {field: value last seen}, "values": {field: new value}}]; a field without a base is written
    along. Answer: "done" = ids of which every field not under "conflict" now holds its value (already held counts,
    so that a replay does nothing); "conflict" = [{"id", "field", "current"}]; "gone" = ids that do not exist; "busy" =
    ids that somebody held through every attempt. An item that is busy, or whose every field with a base is in conflict,
    is left untouched.

    Without the server action, or the right to run it: read, compare, then `web_save_multi`; an edit between the two
    calls is then lost.
    """
    answer = {"done": [], "conflict": [], "gone": [], "busy": []}
    if not items:
        return answer
    if found := _run(client, "compare_and_set", model, items, context):
        return answer | _until_free(client, model, items, context, found)
    names = sorted({name for item in items for name in item["values"]})
    wanted = [("id", "in", [item["id"] for item in items])]
    current = {row["id"]: row for row in search_read(client, model, names, wanted)}
    writes = {}
    for item in items:
        if item["id"] not in current:
            answer["gone"].append(item["id"])
            continue
        changes, conflicts, untouched = _compare(item, current[item["id"]])
        answer["conflict"] += conflicts
        if not untouched:
            answer["done"].append(item["id"])
            if changes:
                writes[item["id"]] = changes
    write_each(client, model, writes, context)
    return answer


def upsert(
    client: OdooClient, model: str, items: list[dict[str, Any]], context: dict[str, Any] | None = None
) -> dict[str, dict[str, Any]]:
    """Create each record with its external id `assay.<xid>`, or find it; one transaction, safe to send again.

    items: [{"xid", "values", "id"?}]. With "id" an existing record is bound to the xid, and `values` written to it.
    A known xid is answered and not written: update with `compare_and_set`. Answer: {xid: {"id", "created"}}, with id
    False where the record bound is gone.

    Without the server action: `load()`, which needs scalar values and does the same in two calls.
    """
    names = [item["xid"] for item in items]
    if len(set(names)) != len(names):
        raise ValueError(f"{model}: an external id occurs twice in one upsert")
    if not items:
        return {}
    if answer := _run(client, "upsert", model, items, context):
        return answer
    return _upsert_by_load(client, model, items, context)


def rehearse(
    client: OdooClient, model: str, items: list[dict[str, Any]], context: dict[str, Any] | None = None
) -> list[dict[str, Any]] | None:
    """What would become of each item, in order; Odoo writes them and takes everything back. None without the action.

    items: [{"id": record or False for a creation, "values"}]. Answer: [{"problem": what Odoo says or False,
    "differs": {field: the value that Odoo would keep instead}}]. A webhook of Odoo's own automation is not taken back.
    """
    if not items:
        return []
    answer = _run(client, "rehearse", model, items, context)
    return answer and answer["items"]


def _until_free(
    client: OdooClient, model: str, items: list[dict[str, Any]], context: dict[str, Any] | None, answer: dict[str, list]
) -> dict[str, list]:
    """The answer to all items: those that were busy, and only those, are sent again as patiently as any call."""
    for attempt in range(1, client.tries):
        busy = set(answer.get("busy", ()))
        if not busy:
            break
        client.pause(patience(attempt))
        try:
            again = _run(client, "compare_and_set", model, [one for one in items if one["id"] in busy], context)
        except OdooRetryable:
            break
        answer = {what: answer[what] + again[what] for what in ("done", "conflict", "gone")} | {"busy": again["busy"]}
    return answer


def _compare(item: dict[str, Any], now: dict[str, Any]) -> tuple[dict[str, Any], list[dict[str, Any]], bool]:
    """(values to write, conflicts, whether to leave the record alone), by the rules of COMPARE_AND_SET."""
    base, changes, conflicts, agreed = item["base"], {}, [], 0
    for name, value in item["values"].items():
        theirs = _plain(now[name])
        if theirs != _plain(value):
            if name in base and theirs != _plain(base[name]):
                conflicts.append({"id": item["id"], "field": name, "current": theirs})
                continue
            changes[name] = value
        agreed += name in base
    return changes, conflicts, bool(conflicts) and not agreed


def _plain(value: Any) -> Any:
    if value in (None, "", []):
        return False
    return sorted(value) if isinstance(value, list) else value


def _run(client: OdooClient, what: str, model: str, items: list[dict[str, Any]], context: dict | None) -> Any:
    """What the server action answers; None where there is none, or none that this user may run."""
    action = _action(client, what, model)
    if action is None:
        return None
    try:
        return _ask(client, action, model, items, context)
    except OdooDenied as error:
        if not error.by_rights:
            raise
        # Of no records the action asks nothing of Odoo: is it closed to us, or was it one of the records?
        try:
            _ask(client, action, model, [], context)
        except OdooDenied:
            del registered(client)[_xid(what, model)]
            return None
        raise


def _ask(client: OdooClient, action: int, model: str, items: list[dict[str, Any]], context: dict | None) -> Any:
    context = {**(context or {}), "active_model": model, "assay_items": items}
    return call(client, "ir.actions.server", "run", [action], context)


def _upsert_by_load(
    client: OdooClient, model: str, items: list[dict[str, Any]], context: dict[str, Any] | None
) -> dict[str, dict[str, Any]]:
    """The keyed upsert through `load()`, for which external ids need no right on ir.model.data."""
    known = _known(client, model, [item["xid"] for item in items])
    answer = {xid: {"id": found, "created": False} for xid, found in known.items()}
    types = call(client, model, "fields_get", attributes=["type"])
    by_columns: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for item in items:
        if item["xid"] in known:
            continue
        if item.get("id"):
            answer[item["xid"]] = {"id": _bind(client, model, item, context), "created": False}
        else:
            by_columns.setdefault(tuple(item["values"]), []).append(item)
    for columns, rows in by_columns.items():
        header = ["id", *(_column(name, types) for name in columns)]
        cells = [
            [f"{MODULE}.{row['xid']}", *(_cell(model, name, row["values"][name]) for name in columns)] for row in rows
        ]
        loaded = call(client, model, "load", context={"tz": "UTC", **(context or {})}, fields=header, data=cells)
        if not loaded["ids"]:
            said = "; ".join(str(message.get("message")) for message in loaded["messages"][:3])
            contended = "could not serialize" in said
            raise (OdooRetryable if contended else OdooRejected)(model, "load", redacted(model, said))
        for row, record in zip(rows, loaded["ids"], strict=True):
            answer[row["xid"]] = {"id": record, "created": True}
    return answer


def _bind(client: OdooClient, model: str, item: dict[str, Any], context: dict[str, Any] | None) -> int | bool:
    """Tie an existing record to its xid: by our field, and in the registry where this user may write it."""
    if not call(client, model, "search_count", domain=[("id", "=", item["id"])]):
        return False
    if item["values"]:
        call(client, model, "write", [item["id"]], context, vals=item["values"])
    row = {"module": MODULE, "name": item["xid"], "model": model, "res_id": item["id"], "noupdate": True}
    with contextlib.suppress(OdooDenied):
        call(client, "ir.model.data", "create", vals_list=[row])
    return item["id"]


def _known(client: OdooClient, model: str, names: list[str]) -> dict[str, int]:
    """Record id by external id, from our field and, for users who may read it, from the registry."""
    found = {}
    if GOLDEN_ID in call(client, model, "fields_get", attributes=["type"]):
        rows = search_read(client, model, [GOLDEN_ID], [(GOLDEN_ID, "in", names)])
        found = {row[GOLDEN_ID]: row["id"] for row in rows}
    with contextlib.suppress(OdooDenied):
        wanted = [("module", "=", MODULE), ("name", "in", names), ("model", "=", model)]
        rows = search_read(client, "ir.model.data", ["name", "res_id"], wanted)
        found |= {row["name"]: row["res_id"] for row in rows}
    return found


def _column(name: str, types: dict[str, dict[str, str]]) -> str:
    return f"{name}/.id" if types.get(name, {}).get("type") == "many2one" else name


def _cell(model: str, name: str, value: Any) -> str:
    """`load()` takes text only: a JSON true makes it fail, an empty text clears."""
    if isinstance(value, list | dict):
        raise OdooRejected(model, "load", f"{name} holds a list; without the server action only scalars can be created")
    if isinstance(value, bool):
        return "1" if value else ""
    return "" if value is None else str(value)


def registered(client: OdooClient) -> dict[str, int]:
    """Ids of our server actions by external id, asked for once."""
    if "actions" not in client.remembered:
        client.remembered["actions"] = _registered(client)
    return client.remembered["actions"]


def _action(client: OdooClient, what: str, model: str) -> int | None:
    return registered(client).get(_xid(what, model))


def merge_action(client: OdooClient, model: str) -> int | None:
    """The server action that merges records of `model`; None where this Odoo has none."""
    return _action(client, MERGE, model)


def _registered(client: OdooClient) -> dict[str, int]:
    """Id of each of our server actions by external id; none where this user may not look them up."""
    try:
        wanted = [("module", "=", MODULE), ("model", "=", "ir.actions.server")]
        return {row["name"]: row["res_id"] for row in search_read(client, "ir.model.data", ["name", "res_id"], wanted)}
    except OdooDenied as error:
        if not error.by_rights:
            raise
        return {}


def _xid(what: str, model: str) -> str:
    return f"{what}_{model.replace('.', '_')}"
