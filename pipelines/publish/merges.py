"""Merges in a plan: which records of one golden cluster become one in Odoo, what moves and stays, what forbids it.

Nothing is written here. One line per cluster: the survivor is the record that golden is bound to, every other record
of the cluster is archived with a pointer to it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from pipelines.publish import unmerges
from pipelines.publish.diff import Comparison
from pipelines.publish.golden import Rows
from pipelines.publish.policy import ObjectPolicy
from pipelines.publish.store import Line, chunks
from sources.odoo import merging
from sources.odoo.actions import merge_action
from sources.odoo.client import OdooClient, fields_get, search_read
from sources.odoo.merging import MERGED_INTO

AT_ONCE = 200
UNKNOWN = "not in references.yml: review it and say there what becomes of it"


@dataclass
class Cluster:
    """One golden record with several records in Odoo."""

    number: int
    golden_id: str
    survivor: int
    losers: list[int]
    problem: str | None = None
    rows: list[tuple[str, str, int, int, str, dict[str, Any]]] = field(default_factory=list)
    stays: Counter = field(default_factory=Counter)


@dataclass
class Merges:
    """Lines of one object, the records that they archive, and the impact for the plan's summary; `merged` are those
    that earlier merges archived, None where nothing can be merged."""

    lines: list[Line] = field(default_factory=list)
    archived: set[int] = field(default_factory=set)
    impact: dict[str, Any] = field(default_factory=dict)
    merged: dict[int, dict[str, Any]] | None = None

    @property
    def freeing(self) -> set[str]:
        """Golden ids for which an archived record gives up a value."""
        merging = [line for line in self.lines if line.action == "merge"]
        return {line.golden_id for line in merging if any(len(own) > 1 for own in line.before["losers"].values())}


def taken_back(
    client: OdooClient, connection: sa.Connection, target: str, name: str, policy: ObjectPolicy, rows: Rows
) -> Merges:
    """The merges that golden has taken back; none where the policy has none, or this Odoo cannot merge."""
    made = Merges()
    if not policy.merge:
        return made
    if merge_action(client, policy.model) is None:
        made.impact = {"not supported": "this Odoo has no merge action; run `assay odoo provision` as administrator"}
        return made
    made.merged = merged_records(client, policy.model)
    made.lines += unmerges.unmerges(connection, target, name, rows, made.merged)
    return made


def add_merges(
    made: Merges,
    client: OdooClient,
    name: str,
    policy: ObjectPolicy,
    rows: Rows,
    found: Comparison,
    stale: set[str],
) -> None:
    """Add the merges that golden's clusters ask of Odoo; what they archive gives up its barcodes."""
    if made.merged is None:
        return
    action = merge_action(client, policy.model)
    clusters = list(_clusters(rows, found, made.merged))
    state = _state(client, policy.model, {n for each in clusters for n in (each.survivor, *each.losers)})
    for cluster in clusters:
        cluster.problem = _waits(rows, found, stale, cluster) or _unlike(policy.model, state, cluster)
    for some in chunks((each for each in clusters if not each.problem), AT_ONCE):
        asked = [(each.survivor, each.losers) for each in some]
        _survey(policy.model, merging.survey(client, action, policy.model, asked), some, state)
    clears = merging.references()[policy.model].get("clears", [])
    for cluster in clusters:
        if cluster.problem:
            said = f"not merged with {', '.join(map(str, cluster.losers))}: {cluster.problem}"
            made.lines.append(Line(name, "hold", cluster.golden_id, cluster.survivor, {}, {}, said))
        else:
            made.lines.append(_line(name, cluster, state, clears))
            made.archived |= set(cluster.losers)
    made.impact = _impact(policy.model, [each for each in clusters if not each.problem])
    found.others = [record for record in found.others if record["id"] not in made.archived]


def add_counts(counts: dict[str, Any], made: Merges) -> None:
    """Add the merges' lines and impact to the counts of their object."""
    for line in made.lines:
        counts[line.action] += 1
    if made.impact:
        counts["merges"] = made.impact


def merged_records(client: OdooClient, model: str) -> dict[int, dict[str, Any]]:
    """The records of `model` that a merge archived, by id: "active" and what they were merged into."""
    rows = search_read(client, model, ["active", MERGED_INTO], [(MERGED_INTO, "!=", False)])
    return {row["id"]: row for row in rows}


def refuse_variants_left(client: OdooClient, made: dict[str, Merges]) -> None:
    """Hold merges of products of which an active variant would stay behind: archiving the product would archive it."""
    products, variants = made.get("product_template", Merges()), made.get("product_product", Merges())
    if not products.archived:
        return
    archived = {
        int(loser): line for line in products.lines if line.action == "merge" for loser in line.before["losers"]
    }
    fields = ["product_tmpl_id", "active", MERGED_INTO]
    for row in search_read(client, "product.product", fields, [("product_tmpl_id", "in", sorted(archived))]):
        if row["active"] and not row[MERGED_INTO] and row["id"] not in variants.archived:
            line = archived[row["product_tmpl_id"]]
            said = f"not merged: product {row['product_tmpl_id']} has variant {row['id']}, which is not merged itself"
            held = Line(line.object, "hold", line.golden_id, line.odoo_id, {}, {}, said)
            products.lines = [held if each is line else each for each in products.lines]
            products.archived -= {int(loser) for loser in line.before.get("losers", {})}


def _clusters(rows: Rows, found: Comparison, merged: dict[int, dict[str, Any]]) -> Iterable[Cluster]:
    """Clusters of which several records in Odoo still stand for themselves."""
    for number, members in enumerate(rows.members):
        survivor = found.bound.get(number)
        if survivor not in members or len(members) < 2:
            continue
        inside = set(members) | {survivor}
        losers = [n for n in members if n != survivor and not (n in merged and merged[n][MERGED_INTO] in inside)]
        back = [n for n in inside & merged.keys() if merged[n]["active"] and merged[n][MERGED_INTO] in inside]
        if losers or back:
            said = f"record {back[0]} was un-archived in Odoo since it was merged; kept" if back else None
            yield Cluster(number, rows.ids[number], survivor, losers or back, said)


def _state(client: OdooClient, model: str, ids: set[int]) -> dict[int, dict[str, Any]]:
    told = merging.references()[model]
    wanted = {"active", MERGED_INTO, "parent_id", "vat", *told.get("alike", {}), *told.get("clears", [])}
    fields = sorted(wanted & fields_get(client, model, ("type",)).keys())
    found = {}
    for some in chunks(sorted(ids), 1000):
        found |= {row["id"]: row for row in search_read(client, model, fields, [("id", "in", some)])}
    return found


def _waits(rows: Rows, found: Comparison, stale: set[str], cluster: Cluster) -> str | None:
    """Why the golden record itself must not be published now."""
    if cluster.problem:
        return cluster.problem
    if dark := sorted(stale.intersection(rows.units[cluster.number])):
        return f"it rests on {', '.join(dark)}, which is stale"
    return found.problems.get(cluster.number) or rows.problems.get(cluster.number)


def _unlike(model: str, state: dict[int, dict[str, Any]], cluster: Cluster) -> str | None:
    """Why these records must not become one, as far as they say themselves."""
    ids = [cluster.survivor, *cluster.losers]
    if missing := [n for n in ids if n not in state]:
        return f"record {missing[0]} does not exist, or belongs to a company that Assay's user may not see"
    if not state[cluster.survivor]["active"]:
        return f"record {cluster.survivor}, which would stand for all, is archived; activate it, or another one"
    for n in ids:
        if state[n][MERGED_INTO]:
            return f"record {n} is merged into {state[n][MERGED_INTO]} already, which is another golden record"
        if state[n].get("parent_id") in ids:
            return f"record {n} is a contact or address of {state[n]['parent_id']}"
    for field_, why in merging.references()[model].get("alike", {}).items():
        values = {state[n].get(field_) for n in ids}
        told = values if values <= {True, False} else values - {False, None}
        if len(told) > 1:
            return why
    return None


def _survey(model: str, told: list[dict[str, Any]], clusters: list[Cluster], state: dict[int, dict[str, Any]]) -> None:
    """Give each cluster what points at its records, and its problem where one of them forbids the merge."""
    of = {loser: cluster for cluster in clusters for loser in cluster.losers}
    survivors = {cluster.survivor: cluster for cluster in clusters}
    posted: dict[int, int] = {}
    moved = merging.references()[model]["moves"]
    for entry in told:
        where = (entry["model"], entry["field"])
        forbids = moved.get(entry["model"], {}).get("forbids")
        for row, loser, what, along in entry["rows"]:
            of[loser].rows.append((*where, row, loser, what, along))
            if what == "clashes" and forbids:
                of[loser].problem = f"record {loser} cannot be archived: {forbids}"
        for holder, count in entry["counts"].items():
            if int(holder) in of:
                of[int(holder)].stays[where] += count
        if where == ("account.move", "partner_id"):
            posted = {int(holder): count for holder, count in entry["counts"].items()}
        for holder in map(int, entry["blocks"]):
            if holder in of:
                why = why_it_stays(model, *where, "blocked")
                other = any(survivors.get(n) is of[holder] for n in map(int, entry["blocks"]))
                both = " and so does the one that would stand for it" if other else "; let that one stand for all"
                of[holder].problem = f"record {holder} cannot be archived: {why}{both}"
    for cluster in clusters:
        numbers = {state[n].get("vat") for n in (cluster.survivor, *cluster.losers)} - {False, None}
        if len(numbers) > 1 and any(posted.get(n) for n in cluster.losers):
            cluster.problem = "posted documents stand behind different VAT numbers"


def _line(name: str, cluster: Cluster, state: dict[int, dict[str, Any]], clears: list[str]) -> Line:
    """The plan's line: what the apply compares, writes and reads back. Rows are [model, field, row, loser]."""
    losers = {
        n: {"active": state[n]["active"]} | {f: state[n][f] for f in clears if state[n][f]} for n in cluster.losers
    }
    by_state = defaultdict(list)
    along = []
    for model, field_, row, loser, what, values in cluster.rows:
        by_state[what].append([model, field_, row, loser])
        if what == "moves":
            along += [[model, other, row, value] for other, value in values.items()]
    before = {"losers": {str(n): values for n, values in losers.items()}, "along": along}
    before |= {"moves": by_state["moves"], "left": by_state["clashes"], "follows": by_state["follows"]}
    return Line(name, "merge", cluster.golden_id, cluster.survivor, before, {MERGED_INTO: cluster.survivor})


def _impact(model: str, clusters: list[Cluster]) -> dict[str, Any]:
    """Rows that move, clash and stay, by model and field, with the reason; what references.yml does not know."""
    moves, clashes, stays = Counter(), Counter(), Counter()
    for cluster in clusters:
        for at, field_, *_, what, _along in cluster.rows:
            {"moves": moves, "clashes": clashes}.get(what, Counter())[f"{at}.{field_}"] += 1
        for (at, field_), count in cluster.stays.items():
            stays[f"{at}.{field_}: {why_it_stays(model, at, field_)}"] += count
    told = {"moves": moves, "clashes": clashes, "stays": stays}
    counts = {"clusters": len(clusters), "archived": sum(len(each.losers) for each in clusters)}
    return counts | {what: dict(sorted(counted.items())) for what, counted in told.items()} if clusters else {}


def why_it_stays(model: str, at: str, field_: str, said: str = "why") -> str:
    """Why rows of `at` stay, by references.yml; "blocked": why they forbid a merge."""
    told = merging.references()[model]
    if field_ in told["moves"].get(at, {}).get("fields", []):
        return told["moves"][at].get("else", "it moves")
    stays = (row for row in told["stays"] if row["model"] == at and field_ in row["fields"])
    return next((row.get(said, row["why"]) for row in stays), UNKNOWN)
