"""The inbox of human edits: every field where Odoo no longer holds what Assay wrote there, by whom, and what to do.

Three values stand side by side in golden's form: what Assay last wrote, what Odoo holds now, what golden wants.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import orjson
import sqlalchemy as sa

from pipelines import exports
from pipelines.ledger import ERASED, open_ledger, receipts
from pipelines.publish import live
from pipelines.publish.authors import authors_of
from pipelines.publish.policy import ObjectPolicy, Policy, load_policy
from pipelines.publish.refusal import PublishRefused
from pipelines.publish.rulings import WHOLE, Ruling, rule, rulings, seal
from pipelines.publish.store import chunks
from pipelines.publish.values import same, seen
from pipelines.resources import Settings
from sources.odoo.client import OdooClient, search_read

Take = Callable[[str, str, str, str | None], Callable[[], Any]]


@dataclass(frozen=True)
class Edit:
    """One field of one record. `by` and `at` are Odoo's own, as far as it tells; `ruling` is "" while it waits."""

    object: str
    golden_id: str
    odoo_id: int
    field: str
    written: Any
    now: Any
    sealed: str
    golden: Any = None
    ruling: str = ""
    by: str = ""
    at: str = ""


def inbox(
    settings: Settings, client: OdooClient, policy: Policy | None = None, golden_id: str | None = None
) -> list[Edit]:
    """Every edited field, or those of one golden record, in order of object, record and field. Reads only.

    Raises PublishRefused for a ledger of another Odoo, and the errors of Odoo's client.
    """
    policy, found = policy or load_policy(), []
    with open_ledger(settings.ledger_url).connect() as connection:
        target = live.fingerprint(client)
        _refuse_foreign(connection, target)
        for name, each in policy.objects.items():
            written = _last_receipts(connection, target, name, each, golden_id)
            edits = [edit for some in chunks(written.items(), 1000) for edit in _edited(client, name, each, dict(some))]
            held = rulings(connection, target, name)
            edits = [replace(edit, ruling=held.on(edit.golden_id, edit.field, edit.now)) for edit in edits]
            edits.sort(key=lambda edit: (edit.golden_id, edit.field))
            found += _in_golden_s_terms(settings, client, policy, each, edits)
    return found


def rule_on_edit(
    settings: Settings,
    client: OdooClient,
    ruling: Ruling,
    name: str,
    golden_id: str,
    fields: Iterable[str],
    by: str,
    at: datetime,
    reason: str,
    policy: Policy | None = None,
    take: Take | None = None,
) -> list[str]:
    """Rule on fields of a record and return them; without any on all edited ones, `release` and `take` on the record.

    take: for `keep`, called with object, golden id, field and value, returns what makes it golden's own; nothing is
    kept unless all can be.
    Raises PublishRefused where nothing was edited, or the ruling does not fit.
    """
    policy, asked = policy or load_policy(), list(fields)
    if name not in policy.objects:
        raise PublishRefused(f"unknown object {name}", f"choose from {', '.join(policy.objects)}")
    if unknown := sorted(set(asked) - set(policy.objects[name].owned)):
        raise PublishRefused(f"{name} has no published field {', '.join(unknown)}", "choose another")
    edited = {edit.field: edit for edit in inbox(settings, client, policy, golden_id) if edit.object == name}
    if ruling in ("release", "take"):
        sealed: dict[str, str | None] = dict.fromkeys(asked or [WHOLE])
    else:
        chosen = {field: edited[field] for field in asked or edited if field in edited}
        if not chosen or set(asked) - set(chosen):
            missing = ", ".join(sorted(set(asked) - set(chosen))) or "anything"
            raise PublishRefused(f"nobody edited {missing} of {golden_id} since Assay wrote it", "see `assay edits`")
        sealed = {field: edit.sealed for field, edit in chosen.items()}
        if ruling == "keep":
            _keep(chosen.values(), take)
    with open_ledger(settings.ledger_url).begin() as connection:
        rule(connection, ruling, live.fingerprint(client), name, golden_id, sealed, by, at, reason)
    return sorted(sealed)


def _keep(edits: Iterable[Edit], take: Take | None) -> None:
    if take is None:
        raise PublishRefused("there is nowhere to keep a value", "release the field instead")
    said = [(edit, None if edit.now is None else str(edit.now)) for edit in edits]
    for keep in [take(edit.object, edit.golden_id, edit.field, value) for edit, value in said]:
        keep()


def _refuse_foreign(connection: sa.Connection, target: str) -> None:
    """A ledger that only knows other databases says nothing about this one, and must not be taken for an answer."""
    known = connection.execute(sa.select(receipts.c.target).distinct()).scalars().all()
    if known and target not in known:
        raise PublishRefused(f"this ledger is of the database {known[0]}, not of {target}", "connect to that one")


def _last_receipts(
    connection: sa.Connection, target: str, name: str, policy: ObjectPolicy, golden_id: str | None
) -> dict[int, tuple[str, dict[str, Any]]]:
    """(golden id, value last written by field) by Odoo id."""
    columns = (receipts.c.odoo_id, receipts.c.golden_id, receipts.c.field, receipts.c.after)
    asked = sa.select(*columns).where(receipts.c.target == target, receipts.c.object == name)
    asked = asked.where(receipts.c.field.in_(list(policy.owned))).order_by(receipts.c.seq)
    if golden_id is not None:
        asked = asked.where(receipts.c.golden_id == golden_id)
    written: dict[int, tuple[str, dict[str, Any]]] = {}
    for odoo_id, owner, field, after in connection.execute(asked.execution_options(yield_per=5000)):
        values = written.get(odoo_id, ("", {}))[1]
        if after != ERASED:
            values[field] = orjson.loads(after)
        written[odoo_id] = (owner, values)
    return written


def _edited(
    client: OdooClient, name: str, policy: ObjectPolicy, written: Mapping[int, tuple[str, dict[str, Any]]]
) -> list[Edit]:
    kinds = live.kinds(client, policy.model)
    fields = sorted({field for _, values in written.values() for field in values} & kinds.keys())
    edits = []
    for row in search_read(client, policy.model, fields, [("id", "in", list(written))]):
        golden_id, values = written[row["id"]]
        for field, value in values.items():
            now = seen(kinds[field], row.get(field))
            if not same(now, value):
                edits.append(Edit(name, golden_id, row["id"], field, value, now, seal(golden_id, field, now)))
    return edits


def _in_golden_s_terms(
    settings: Settings, client: OdooClient, policy: Policy, of: ObjectPolicy, edits: list[Edit]
) -> list[Edit]:
    """The edits with relations by golden's keys, golden's own value, and who changed the field when."""
    if not edits:
        return []
    keys = {field: _keys_by_id(client, policy, of, field, edits) for field in {edit.field for edit in edits}}
    wanted = _golden(settings, edits[0].object, {edit.golden_id for edit in edits})
    told = authors_of(client, of.model, [(edit.odoo_id, edit.field) for edit in edits])
    dressed = []
    for edit in edits:
        known, (by, at) = keys[edit.field], told.get((edit.odoo_id, edit.field), ("", ""))
        shown = (
            {"written": known.get(edit.written, edit.written), "now": known.get(edit.now, edit.now)} if known else {}
        )
        dressed.append(replace(edit, golden=wanted.get(edit.golden_id, {}).get(edit.field), by=by, at=at, **shown))
    return dressed


def _keys_by_id(client: OdooClient, policy: Policy, of: ObjectPolicy, field: str, edits: list[Edit]) -> dict[int, Any]:
    """Golden's key of a relation's record by Odoo id; nothing for a field that is no relation."""
    lookup = of.fields[field].lookup
    if not lookup:
        return {}
    if lookup.object:
        model = policy.objects[lookup.object].model
        return {odoo_id: golden_id for golden_id, odoo_id in live.bindings(client, model).items()}
    ids = sorted({one for edit in edits if edit.field == field for one in (edit.now, edit.written) if one})
    rows = search_read(client, lookup.model, [lookup.key], [("id", "in", ids)])
    return {row["id"]: row[lookup.key] for row in rows}


def _golden(settings: Settings, name: str, golden_ids: set[str]) -> dict[str, dict[str, Any]]:
    path = settings.exports / "publish" / f"publish_odoo__{name}.parquet"
    if not path.exists():
        return {}
    rows = exports.read(path, filters=[("golden_id", "in", sorted(golden_ids))]).to_pylist()
    return {row["golden_id"]: row for row in rows}
