"""Erasure inside Odoo: a plan that blanks the personal fields of a person's records and archives them.

It goes the way of every plan: approved, applied, verified, audited. What the records held is kept nowhere, so that it
cannot be undone; nothing is deleted, and what points at them, such as posted invoices, is named and left.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from pipelines import audit
from pipelines.ledger import open_ledger, receipts
from pipelines.publish import live
from pipelines.publish.authority import Authority, beyond_in_all, load_authority, sealed_policies
from pipelines.publish.decide import ACTIONS
from pipelines.publish.merges import why_it_stays
from pipelines.publish.policy import ObjectPolicy, Policy, load_policy
from pipelines.publish.refusal import PublishRefused
from pipelines.publish.store import Line, Plan, save
from pipelines.resources import Settings
from sources.contract import SOURCES, load_contract
from sources.odoo import merging
from sources.odoo.actions import GOLDEN_ID, merge_action
from sources.odoo.client import OdooClient, fields_get, search_read

OBJECT, ACTION = "res_partner", "erase"


def plan_erasure(
    settings: Settings,
    client: OdooClient,
    records: Iterable[int],
    basis: str,
    now: datetime,
    actor: str,
    policy: Policy | None = None,
    authority: Authority | None = None,
) -> Plan:
    """Plan to erase these partners in Odoo; nothing is written. `basis`, which the audit keeps, holds no personal data.

    Blanked are the personal fields that Assay owns, and those that it ever wrote, but not what posted documents show
    (the law keeps it) and not a company's address on its contact. Each line's reason says what stays.
    Raises PublishRefused where there is nothing to erase, and the errors of Odoo's client.
    """
    policy, authority = policy or load_policy(), authority or load_authority()
    target, ids = live.fingerprint(client), sorted(set(records))
    with open_ledger(settings.ledger_url).begin() as connection:
        lines = _lines(client, policy.objects[OBJECT], ids, _ever_written(connection, target, ids))
        if not lines:
            raise PublishRefused("none of these records is in this Odoo", "name records that are, such as odoo:123")
        counted = Counter(line.action for line in lines)
        fields = Counter(name for line in lines for name in line.after)
        counts = {"rows": len(ids), "existing": len(lines), **{action: counted[action] for action in ACTIONS}}
        counts |= {"fields": dict(sorted(fields.items()))}
        at = audit.naive(now)
        plan_id = f"plan-{at:%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"
        caps = list(beyond_in_all(authority, policy, {OBJECT: counts}))
        summary = {"objects": {OBJECT: counts}, "caps": caps, "canary": 0, "erasure": basis}
        until = at + policy.approval.valid_for
        plan = Plan(plan_id, target, "", sealed_policies(policy, authority), at, until, actor, summary)
        detail = {"plan": plan_id, "target": target, "records": [line.odoo_id for line in lines], "basis": basis}
        audit.append(connection, actor, "plan erasure", detail, now)
        return save(connection, plan, lines)


@dataclass
class Standing:
    """What points at a record, in words; whether documents that the law keeps name it; why it must not be archived."""

    told: list[str] = field(default_factory=list)
    documented: bool = False
    forbids: str = ""


def _lines(client: OdooClient, policy: ObjectPolicy, ids: list[int], written: dict[int, set[str]]) -> list[Line]:
    known = fields_get(client, policy.model)
    stream = load_contract(SOURCES / "odoo" / "contract.yml").streams["partners"]
    personal = [name for name in stream.pii if name in known]
    rows = search_read(client, policy.model, [*personal, GOLDEN_ID, "parent_id"], [("id", "in", ids)])
    standing, lines = _standing(client, policy.model, ids), []
    for row in rows:
        golden_id, stands = row[GOLDEN_ID] or f"odoo:{row['id']}", standing[row["id"]]
        if stands.forbids:
            said = f"record {row['id']} cannot be archived: {stands.forbids}; mend that in Odoo and plan anew"
            lines.append(Line(OBJECT, "hold", golden_id, row["id"], {}, {}, said))
            continue
        ours = {name for name in personal if name in policy.owned or name in written.get(row["id"], ())}
        shared = {name for name, each in policy.fields.items() if each.from_parent}
        left = {
            "which is the company's": ours & shared if row["parent_id"] else set(),
            "which posted documents show": ours & {"name", *shared} if stands.documented else set(),
            "which Assay does not own": set(personal) - ours,
        }
        after = {name: None for name in personal if name in ours and not any(name in some for some in left.values())}
        after |= {"name": f"Erased {row['id']}"} if "name" in after else {}
        told = [f"{', '.join(sorted(held))}, {why}" for why, some in left.items() if (held := _filled(row, some))]
        reason = f"left as it is: {'; '.join([*told, *stands.told])}" if told or stands.told else None
        lines.append(Line(OBJECT, ACTION, golden_id, row["id"], {}, after | policy.retire, reason))
    return lines


def _filled(row: dict[str, Any], names: set[str]) -> set[str]:
    return {name for name in names if row[name]}


def _standing(client: OdooClient, model: str, ids: list[int]) -> dict[int, Standing]:
    """What stands behind each record, by the survey of the merge action."""
    found, action = {one: Standing() for one in ids}, merge_action(client, model)
    if action is None:
        return {one: Standing(["what points at it; this Odoo has no action that tells"]) for one in ids}
    # As losers of a record that is none: all that points at them is told.
    for entry in merging.survey(client, action, model, [(0, ids)]):
        where, counts = (entry["model"], entry["field"]), Counter(entry["counts"])
        counts.update(str(holder) for _, holder, *_ in entry["rows"])
        for holder, count in counts.items():
            if int(holder) in found:
                found[int(holder)].told.append(_named(model, where, count, holder in entry["counts"]))
                found[int(holder)].documented |= where[0] == "account.move" and holder in entry["counts"]
        for holder in entry["blocks"]:
            found[int(holder)].forbids = why_it_stays(model, *where)
    return found


def _named(model: str, where: tuple[str, str], count: int, for_good: bool) -> str:
    why = f" ({why_it_stays(model, *where)})" if for_good else ""
    return f"{count} {'.'.join(where)}{why}"


def _ever_written(connection: sa.Connection, target: str, ids: list[int]) -> dict[int, set[str]]:
    asked = sa.select(receipts.c.odoo_id, receipts.c.field).distinct()
    asked = asked.where(receipts.c.target == target, receipts.c.object == OBJECT, receipts.c.odoo_id.in_(ids))
    found: dict[int, set[str]] = {}
    for odoo_id, name in connection.execute(asked):
        found.setdefault(odoo_id, set()).add(name)
    return found
