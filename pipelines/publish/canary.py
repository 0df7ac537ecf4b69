"""Canary: the few lines of a plan that are written first and read back before the others may follow.

They are closed under what they rest on, so that they can be written alone and in the plan's own order.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase

import sqlalchemy as sa

from pipelines import audit
from pipelines.publish import receipts
from pipelines.publish.authority import Authority, Canary
from pipelines.publish.policy import Policy
from pipelines.publish.readback import read_back
from pipelines.publish.receipts import Run
from pipelines.publish.refusal import PublishRefused
from pipelines.publish.store import CHANGES, Line, Plan, chunks, dumps, set_state
from pipelines.publish.values import Pending
from sources.odoo.client import OdooClient, fields_get, search_read

Units = Mapping[str, Mapping[str, list[str]]]
FEW = 10
"""Records of each object where the chosen stores or companies have nothing to change in this plan."""


@dataclass(frozen=True)
class Lines:
    """The lines of a plan with what a canary may choose by: units by object and golden id, companies by line."""

    lines: list[Line]
    policy: Policy
    units: Units
    companies: list[set[str]]

    def of(self, domain: str, canary: Canary) -> list[int]:
        """Numbers of the lines of the domain that the canary chooses."""
        chosen = []
        for name in (name for name, each in self.policy.objects.items() if each.domain == domain):
            chosen += [n for n in self._changes(name) if self._fits(canary, n)][: canary.records]
        return chosen

    def first(self, domain: str, count: int) -> list[int]:
        """The first so many lines of each object of the domain."""
        names = [name for name, each in self.policy.objects.items() if each.domain == domain]
        return [n for name in names for n in self._changes(name)[:count]]

    def units_of(self, domains: set[str]) -> set[str]:
        """All units that golden records of these domains rest on."""
        mine = [of for name, of in self.units.items() if self.policy.objects[name].domain in domains]
        return {unit for of in mine for units in of.values() for unit in units}

    def _changes(self, name: str) -> list[int]:
        return [n for n, line in enumerate(self.lines) if line.object == name and line.action in CHANGES]

    def _fits(self, canary: Canary, number: int) -> bool:
        line = self.lines[number]
        units = self.units[line.object].get(line.golden_id, [])
        return _of(canary.units, units) and _of(canary.companies, self.companies[number])


def canary_first(
    client: OdooClient,
    lines: list[Line],
    policy: Policy,
    authority: Authority,
    units: Units,
    asked: Canary | None = None,
) -> tuple[list[Line], int]:
    """(the lines with those of the canary in front, how many these are); 0 where nothing would be left to follow.

    units: what each golden record rests on, by object and golden id. asked: a canary of this plan alone, besides those
    of the approval policy. Raises PublishRefused where a unit or company is named that nothing to be published has, or
    where the canary asked for has nothing to write.
    """
    wanted = [*authority.canary.values(), *([asked] if asked else [])]
    if not wanted or not any(line.action in CHANGES for line in lines):
        return lines, 0
    by_company = any(canary.companies for canary in wanted)
    told = Lines(lines, policy, units, _companies(client, policy, lines) if by_company else [set() for _ in lines])
    chosen, domains = set(), {each.domain for each in policy.objects.values()}
    for domain, canary in authority.canary.items():
        if few := told.first(domain, canary.records or FEW):
            _refuse_unknown(client, canary, told.units_of({domain}))
            chosen |= set(told.of(domain, canary) or few)
    if asked:
        _refuse_unknown(client, asked, told.units_of(domains))
        found = {number for domain in domains for number in told.of(domain, asked)}
        if not found:
            places = ", ".join([*asked.units, *asked.companies])
            raise PublishRefused(f"nothing to write belongs to {places}", "choose others, or plan without that canary")
        chosen |= found
    _close(lines, policy, chosen)
    rest = [line for number, line in enumerate(lines) if number not in chosen]
    if not any(line.action in CHANGES for line in rest):
        return lines, 0
    return [lines[number] for number in sorted(chosen)] + rest, len(chosen)


def refuse_sick(
    engine: sa.Engine, client: OdooClient, policy: Policy, plan: Plan, run: Run, size: int, now: datetime, actor: str
) -> None:
    """Read back the first `size` lines. Raises PublishRefused, and halts the plan, unless all stand as written.

    While somebody in Odoo holds one of them the run stops as well, and the next apply tries again.
    """
    with engine.connect() as connection:
        states = Counter(state for line, state in receipts.settled_lines(connection, run).items() if line <= size)
    if states["busy"]:
        said = f"somebody in Odoo holds {states['busy']} of the {size} records of the canary, and nothing followed it"
        raise PublishRefused(said, "apply again")
    refused = states["rejected"]
    read = list(read_back(client, policy, receipts.by_record(engine, run, up_to=size)))
    wrong = [f"{row.object} {row.odoo_id}.{row.field}" for row, problem in read if problem]
    healthy = not wrong and not refused
    detail = {"run": run.run_id, "lines": size, "fields": len(read), "differ": len(wrong), "rejected": refused}
    with engine.begin() as connection:
        audit.append(connection, actor, "canary passed" if healthy else "canary failed", detail, now)
        if not healthy:
            set_state(connection, plan.plan_id, "halted")
            receipts.end(connection, run, "failed", detail, now)
    if not healthy:
        some = f", such as {', '.join(wrong[:3])}" if wrong else ""
        said = f"{len(wrong)} of {len(read)} fields read back otherwise{some}; Odoo refused {refused} records"
        raise PublishRefused(
            f"the canary of plan {plan.plan_id} failed and nothing followed it: {said}",
            f"run `assay undo {run.run_id}`, find the cause, then plan anew",
        )


def _of(patterns: list[str], names: Iterable[str]) -> bool:
    return not patterns or any(fnmatchcase(name, pattern) for name in names for pattern in patterns)


def _refuse_unknown(client: OdooClient, canary: Canary, units: set[str]) -> None:
    """A canary that no record can ever belong to protects nothing: a store or a company that is spelt wrongly."""
    known = [(canary.units, units, "on which no golden record rests")]
    if canary.companies:
        names = {row["name"] for row in search_read(client, "res.company", ["name"])}
        known.append((canary.companies, names, f"a company that {client.login} does not see"))
    for patterns, names, why in known:
        if unknown := [pattern for pattern in patterns if not _of([pattern], names)]:
            said = f"the canary names {', '.join(unknown)}, {why}"
            raise PublishRefused(said, f"choose from {', '.join(sorted(names)[:8]) or 'nothing'}")


def _companies(client: OdooClient, policy: Policy, lines: list[Line]) -> list[set[str]]:
    """Names of the companies of each line: the record's own; of a new one, those of the records that it refers to."""
    asked: dict[str, set[int]] = defaultdict(set)
    places = [_places(policy, line) for line in lines]
    for place in places:
        for model, record in place:
            asked[model].add(record)
    names = {row["id"]: row["name"] for row in search_read(client, "res.company", ["name"])}
    found = {}
    for model, ids in asked.items():
        if model == "res.company" or "company_id" in fields_get(client, model, ("type",)):
            field = "id" if model == "res.company" else "company_id"
            for some in chunks(sorted(ids), 2000):
                rows = search_read(client, model, [field], [("id", "in", some)])
                found |= {(model, row["id"]): names[row[field]] for row in rows if row[field] in names}
    return [{found[where] for where in place if where in found} for place in places]


def _places(policy: Policy, line: Line) -> list[tuple[str, int]]:
    """(model, record) of what tells a line's company."""
    each = policy.objects[line.object]
    if line.odoo_id is not None:
        return [(each.model, line.odoo_id)]
    looked = [(field.lookup, line.after.get(name)) for name, field in each.fields.items() if field.lookup]
    models = [(by.model or policy.objects[by.object].model, value) for by, value in looked]
    return [(model, value) for model, value in models if isinstance(value, int)]


def _close(lines: list[Line], policy: Policy, chosen: set[int]) -> None:
    """Add what the chosen lines rest on, and all rules on what they rule: the newer of two would win."""
    made = {(line.object, line.golden_id): number for number, line in enumerate(lines) if line.action == "create"}
    # A merge may free the barcode that an update of the same golden record writes.
    merged = {(line.object, line.golden_id): number for number, line in enumerate(lines) if line.action == "merge"}
    ruling: dict[str, list[int]] = {}
    for number, line in enumerate(lines):
        if line.action in CHANGES and policy.objects[line.object].window:
            ruling.setdefault(_ruled(line, policy), []).append(number)
    waiting = sorted(chosen)
    while waiting:
        line = lines[waiting.pop()]
        fields = policy.objects[line.object].fields
        rests = [(fields[n].lookup.object, v.golden_id) for n, v in line.after.items() if isinstance(v, Pending)]
        more = {made[key] for key in rests if key in made}
        more |= {merged[key] for key in [(line.object, line.golden_id)] if key in merged}
        if policy.objects[line.object].window:
            more |= set(ruling[_ruled(line, policy)])
        waiting += sorted(more - chosen)
        chosen |= more


def _ruled(line: Line, policy: Policy) -> str:
    by = [name for name in policy.objects[line.object].window.by if name in line.after]
    return dumps([line.object, *(line.after[name] for name in by)] if by else [line.object, line.golden_id])
