"""Plan: compare what golden wants published with the live Odoo, and seal every decision in the ledger.

Nothing is written to Odoo here. A plan over an unchanged estate and an unchanged Odoo changes nothing.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, Protocol

import sqlalchemy as sa

from pipelines import audit
from pipelines.ledger import open_ledger
from pipelines.publish import live
from pipelines.publish.attributes import offers, shape
from pipelines.publish.authority import (
    Authority,
    Canary,
    beyond_in_all,
    load_authority,
    refuse_unknown_domains,
    sealed_policies,
)
from pipelines.publish.blame import behind
from pipelines.publish.canary import canary_first
from pipelines.publish.caps import exceeded, merges_exceeded
from pipelines.publish.decide import Decisions, closed, decide, drafted
from pipelines.publish.diff import Comparison, Values, compare, leave_alone, revive, three_way
from pipelines.publish.drafts import Asking
from pipelines.publish.golden import Converter, Rows, convert, fingerprint, read_rows, round_to_currency
from pipelines.publish.history import last_written, once_bound
from pipelines.publish.merges import Merges, add_counts, add_merges, refuse_variants_left, taken_back
from pipelines.publish.policy import FieldPolicy, ObjectPolicy, Policy, load_policy
from pipelines.publish.precheck import precheck
from pipelines.publish.refusal import PublishRefused
from pipelines.publish.rulings import FLAPS, Rulings, rule, rulings, written_back
from pipelines.publish.store import Line, Plan, save
from pipelines.publish.values import BadValue, Pending, Refused, addressed, at_least, converter
from pipelines.resources import Settings
from sources.odoo.client import OdooClient

ALL = "*"


class Gate(Protocol):
    """Whether a domain may be published, why not, the units whose rows wait, and the golden ids that do (by reason)."""

    open: bool
    closed_by: list[str]
    stale_units: set[str]
    held: Mapping[str, str]


@dataclass
class Making:
    """What the objects of one plan share while it is made."""

    policy: Policy
    client: OdooClient
    connection: sa.Connection
    target: str
    overrule: Collection[str]
    rows: dict[str, Rows]
    references: dict[str, dict[str, int | Pending | Refused]] = field(default_factory=dict)
    spent: dict[str, float] = field(default_factory=dict)
    merges: dict[str, Merges] = field(default_factory=dict)
    released: dict[str, int] = field(default_factory=dict)
    given_up: dict[tuple[str, str], list[str]] = field(default_factory=dict)


def make_plan(
    settings: Settings,
    client: OdooClient,
    gate: Mapping[str, Gate],
    now: datetime,
    actor: str,
    objects: Collection[str] | None = None,
    overrule: Collection[str] = (),
    policy: Policy | None = None,
    authority: Authority | None = None,
    spent: dict[str, float] | None = None,
    canary: Canary | None = None,
) -> Plan:
    """Plan `objects`, by default all of the policy, against the live Odoo, and save the plan in the ledger.

    gate: by domain; one that is closed, or not judged, is not published. overrule: golden ids ("*" for all) of which
    people's edits and deletions in Odoo are to be overwritten. spent: gets the seconds of the
    pre-check. canary: what is written first, besides what the approval policy says. Raises PublishRefused, or an error
    of Odoo's client.
    """
    policy, authority = policy or load_policy(), authority or load_authority()
    refuse_unknown_domains(authority, policy)
    asked = list(policy.objects if objects is None else objects)
    if unknown := sorted(set(asked) - set(policy.objects)):
        raise PublishRefused(f"unknown object {', '.join(unknown)}", f"choose from {', '.join(policy.objects)}")
    engine = open_ledger(settings.ledger_url)
    rows = {name: read_rows(settings.exports, name, policy.objects[name]) for name in _read_too(policy, asked)}
    golden_hash = fingerprint(rows[name] for name in rows if name in asked)
    for name, each in policy.objects.items():
        if each.made_with and name in rows:
            shape(rows[_parent(each)], rows[name], each.made_with)
    lines, counts, beyond = [], {}, []
    with engine.connect() as connection:
        making = Making(policy, client, connection, live.fingerprint(client), overrule, rows)
        making.spent = {} if spent is None else spent
        for name in _compared_too(policy, asked):
            made = _decide(making, name, gate, name in asked)
            making.references[name] = made.references
            if name in asked:
                lines += made.lines
                counts[name] = made.counts
                each = policy.objects[name]
                why = partial(behind, settings, each.domain, name)
                beyond += exceeded(name, each, made.counts, made.lines, why)
        refuse_variants_left(client, making.merges)
        for name, merging in making.merges.items():
            # Variants before their products, and all before the values that an archived record gives up.
            lines = merging.lines + lines
            add_counts(counts[name], merging)
            beyond += merges_exceeded(name, policy.objects[name], merging.impact)
    beyond += beyond_in_all(authority, policy, counts)
    units = {name: dict(zip(each.ids, each.units, strict=True)) for name, each in rows.items()}
    lines, first = canary_first(client, lines, policy, authority, units, canary)
    at = audit.naive(now)
    plan_id = f"plan-{at:%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"
    summary = {"objects": counts, "caps": beyond, "canary": first}
    until = at + policy.approval.valid_for
    plan = Plan(plan_id, making.target, golden_hash, sealed_policies(policy, authority), at, until, actor, summary)
    with engine.begin() as connection:
        detail = {"plan": plan_id, "target": making.target, "changes": plan.changes, "caps": len(beyond)}
        audit.append(connection, actor, "plan", detail, now)
        for (name, golden_id), fields in making.given_up.items():
            why = f"written back {FLAPS} times"
            rule(connection, "release", making.target, name, golden_id, dict.fromkeys(fields), "assay", now, why)
        return save(connection, plan, lines)


def _decide(making: Making, name: str, gate: Mapping[str, Gate], asked: bool) -> Decisions:
    """All decisions on one object. An object that is not asked for only tells which of its records are in Odoo."""
    policy, rows = making.policy.objects[name], making.rows[name]
    fields = live.described(making.client, policy)
    convert(rows, policy, _converters(making, policy, fields))
    for column, field_policy in policy.owned.items():
        if field_policy.round == "currency":
            round_to_currency(rows, column, "pricelist_id", live.currency_places(making.client))
    bindings = live.bindings(making.client, policy.model)
    merging = taken_back(making.client, making.connection, making.target, name, policy, rows)
    bindings |= {line.golden_id: line.odoo_id for line in merging.lines}
    offered = offers(making.client, policy.options.values()) if policy.options else {}
    found = compare(rows, policy, fields, bindings, live.records(making.client, policy, fields), offered)
    back = {line.odoo_id for line in merging.lines}
    found.retired = {number for number in found.retired if found.bound[number] not in back}
    judged = gate.get(policy.domain)
    if not asked:
        return closed(rows, found, "it was not planned")
    if judged is None or not judged.open:
        why = "; ".join(judged.closed_by) if judged else "no gate has judged it"
        return closed(rows, found, f"{policy.domain} is closed: {why}")
    add_merges(merging, making.client, name, policy, rows, found, judged.stale_units)
    making.merges[name] = merging
    edits, deleted = _remembered(making, name, found)
    given = _given(policy, fields)
    drafts = drafted(rows, policy, found, deleted, given)
    # What waits for a barcode that the same plan frees cannot be rehearsed before.
    drafts = {number: draft for number, draft in drafts.items() if draft.golden_id not in merging.freeing}
    began = time.perf_counter()
    objections = precheck(Asking(making.client, policy, fields, making.policy.rehearsal.up_to, rows.stated), drafts)
    making.spent["precheck"] = making.spent.get("precheck", 0.0) + time.perf_counter() - began
    said, stale = objections.said(), judged.stale_units
    made = decide(name, rows, policy, found, edits, deleted, stale, given, said, judged.held)
    made.counts |= {"rehearsed": objections.rehearsed, "released": making.released[name]}
    made.lines += _given_up(making, name)
    return made


def _given_up(making: Making, name: str) -> Iterator[Line]:
    """What the plan reports of the fields that somebody keeps writing back."""
    for (of, golden_id), fields in making.given_up.items():
        if of == name:
            said = f"{', '.join(fields)} written back {FLAPS} times after Assay wrote it; released from now on"
            yield Line(name, "conflict", golden_id, None, {}, {}, f"{said}, take it back with `assay edits take`")


def _remembered(
    making: Making, name: str, found: Comparison
) -> tuple[dict[int, tuple[Values, Values]], dict[str, int]]:
    """(people's edits by row number, Odoo ids of deleted records by golden id), from the ledger's receipts."""
    policy, rows = making.policy.objects[name], making.rows[name]
    ruled = rulings(making.connection, making.target, name)

    def overruled(golden_id: str) -> bool:
        return ALL in making.overrule or golden_id in making.overrule

    candidates = {found.bound[number] for number, (_, after) in found.changes.items() if after}
    candidates |= {found.bound[number] for number in found.retired}
    last = last_written(making.connection, making.target, name, sorted(candidates))
    _leave_released(making, name, found, last, ruled)
    edits = three_way(
        found,
        policy,
        last,
        lambda number, field, now: overruled(rows.ids[number]) or ruled.on(rows.ids[number], field, now) == "revert",
    )
    revive(rows, found, policy, last)
    absent = [golden_id for n, golden_id in enumerate(rows.ids) if n not in found.bound and not overruled(golden_id)]
    return edits, once_bound(making.connection, making.target, name, absent)


def _leave_released(
    making: Making, name: str, found: Comparison, last: Mapping[int, Mapping[str, Any]], ruled: Rulings
) -> None:
    """Plan nothing for fields that were released, nor for those that somebody has written back as often as FLAPS."""
    ids = making.rows[name].ids
    times = written_back(making.connection, making.target, name, list(last))

    def gives_up(number: int, field: str, edited: bool) -> bool:
        released = ruled.released(ids[number], field)
        if not released and edited and times.get((found.bound[number], field), 0) + 1 >= FLAPS:
            making.given_up.setdefault((name, ids[number]), []).append(field)
            return True
        return released

    left = leave_alone(found, making.policy.objects[name], last, gives_up)
    making.released[name] = sum(len(fields) for fields in left.values())


def _converters(making: Making, policy: ObjectPolicy, fields: Mapping[str, Any]) -> dict[str, Converter]:
    converters = {}
    for name, field_policy in policy.owned.items():
        lookup, known = field_policy.lookup, None
        if lookup and lookup.object:
            known = making.references.get(lookup.object, {})
        elif lookup:
            known = live.keys(making.client, lookup.model, lookup.key)
        try:
            made = converter(name, fields[name], known)
            converters[name] = partial(_formed, name, field_policy, made)
        except BadValue as bad:
            raise PublishRefused(f"{policy.model}: {bad}", "mend odoo.yml") from bad
    return converters


def _formed(name: str, policy: FieldPolicy, made: Converter, value: Any) -> Any:
    """The canonical value in the form, and within the bounds, of the policy."""
    value = made(value)
    if policy.spelling == "website":
        value = addressed(name, value)
    return value if policy.least is None else at_least(name, policy.least, value)


def _given(policy: ObjectPolicy, fields: Mapping[str, Any]) -> Values:
    return {name: value for name, value in policy.create.items() if name in fields}


def _compared_too(policy: Policy, asked: Collection[str]) -> list[str]:
    """The objects asked for and those that their relations rest on, in the policy's order."""
    needed = set(asked)
    for name in reversed(policy.objects):
        if name in needed:
            lookups = [field_policy.lookup for field_policy in policy.objects[name].owned.values()]
            needed |= {lookup.object for lookup in lookups if lookup and lookup.object}
    return [name for name in policy.objects if name in needed]


def _read_too(policy: Policy, asked: Collection[str]) -> list[str]:
    """The objects compared, and those of which a new record's parts are made."""
    compared = set(_compared_too(policy, asked))
    parts = {name for name, each in policy.objects.items() if each.made_with and _parent(each) in compared}
    return [name for name in policy.objects if name in compared | parts]


def _parent(policy: ObjectPolicy) -> str:
    return policy.fields[policy.made_with].lookup.object
