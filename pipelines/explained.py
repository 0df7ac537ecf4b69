"""What `assay match explain` says about a pair of records, for people and for machines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import duckdb
from rich.table import Table
from rich.text import Text

from pipelines import decisions, explain, thresholds
from pipelines.lineage import NotFound
from pipelines.matching import declared
from pipelines.resources import Settings


def of_pair(settings: Settings, left: str, right: str, only: str | None = None) -> dict[str, Any]:
    """Everything that decides on a pair, as plain values: probabilities per level, bits, thresholds, the verdict.

    Raises NotFound where one of them is no record with evidence, or they are of two domains.
    """
    left, right = left.strip(), right.strip()
    if left == right:
        raise NotFound(f"{left} is one record; give two")
    with explain.warehouse(settings) as db:
        domain = explain.domain_of(settings, db, [left, right], only)
        pair = explain.explain(db, domain, [(left, right)])[left, right]
        blocks = explain.shared_blocks(db, domain, left, right)
        query = f"select record_id, cluster_id from matched.matched_{domain}__clusters where record_id in (?, ?)"
        clusters = dict(db.execute(query, [left, right]).fetchall())
        golden_id = "customer_id" if domain == "customers" else "variant_id"
        query = f"select count(distinct {golden_id}) from matched.matched_{domain}__ids where record_id in (?, ?)"
        together = db.execute(query, [left, right]).fetchone()[0] == 1
        between = _between(db, domain, *clusters.values()) if len(set(clusters.values())) == 2 else None
        version = db.execute(f"select min(model_version) from matched.matched_{domain}__model").fetchone()[0]
    said = [row for row in decisions.decisions(domain=domain) if set(row[1:3]) == {left, right}]
    is_ruled = any(row.decision != "later" for row in said)
    limits = thresholds.solved(declared(domain), pair.worth)
    terms = [
        {
            "comparison": term.comparison,
            "level": term.label,
            "told": term.told(pair.rival),
            "same": 2**term.match,
            "related": 2**term.household,
            "unrelated": 2**term.chance,
            "share_of_records": term.share,
            "bits_against_related": term.match - term.household,
            "bits_against_unrelated": term.match - term.chance,
        }
        for term in pair.terms
    ]
    return {
        "domain": domain,
        "left": left,
        "right": right,
        "model": version,
        "question": pair.question,
        "compared": pair.compared,
        "blocks": blocks,
        "terms": terms,
        "bits": pair.bits,
        "bits_by_texts_or_veto": pair.beyond,
        "probability": pair.probability,
        "probability_rests_on": pair.basis,
        "links_above_bits": limits["lone_bits"],
        "clusters_split_below": limits["stop_bits"],
        "links": pair.links,
        "together": together,
        "between": between,
        "decisions": [row._asdict() for row in said],
        "would_turn": [] if is_ruled else [vars(change) for change in pair.changes],
    }


def _between(db: duckdb.DuckDBPyConnection, domain: str, one: str, other: str) -> dict[str, Any]:
    """What all pairs across two clusters say together: their mean is what keeps the clusters apart."""
    cap = declared(domain)["cluster"]["cap_bits"]
    rows = db.execute(
        f"""
        with seats as (
            select record_no, record_id, cluster_id
            from matched.matched_{domain}__clusters join matched.matched_{domain}__evidence using (record_id)
            where cluster_id in ($one, $other)
        )

        select l.record_id, r.record_id, bits, avg(greatest(-$cap, least($cap, bits))) over (), count(*) over ()
        from matched.matched_{domain}__within as within
        join seats as l on within.left_no = l.record_no
        join seats as r on within.right_no = r.record_no and l.cluster_id <> r.cluster_id
        order by bits, l.record_id, r.record_id
        limit 1
        """,
        {"one": one, "other": other, "cap": cap},
    ).fetchall()
    if not rows:
        return {"pairs": 0}
    ((left, right, bits, mean, count),) = rows
    weakest = {"weakest": [left, right], "weakest_bits": bits}
    return {"pairs": count, "mean_bits": mean, "counted_to": cap, **weakest}


def parts(told: dict[str, Any]) -> Iterator[Table | Text]:
    """The same for a terminal."""
    yield Text(f"{told['left']} and {told['right']} ({told['domain']}, model {told['model']})", style="bold")
    seen = "compared in the build" if told["compared"] else "not compared in the build: no block brings them together"
    yield Text(f"{told['question']}? {seen}{'; they share ' + ', '.join(told['blocks']) if told['blocks'] else ''}")
    table = Table("comparison", "level", box=None)
    for name in ("if one", "if related", "if unrelated", "frequency", "bits / related", "bits / unrelated"):
        table.add_column(name, justify="right")
    for term in told["terms"]:
        share = term["share_of_records"]
        table.add_row(
            term["comparison"].replace("_", " "),
            term["told"],
            *(f"{term[name]:.3g}" for name in ("same", "related", "unrelated")),
            f"{share:.2%}" if share is not None and term["level"] == "exact" else "",
            *(f"{term[name]:+.2f}" for name in ("bits_against_related", "bits_against_unrelated")),
        )
    yield table
    if told["bits_by_texts_or_veto"]:
        yield Text(f"likeness of whole texts, or a veto: {told['bits_by_texts_or_veto']:+.2f} bits")
    basis = told["probability_rests_on"]
    yield Text(f"altogether {told['bits']:+.2f} bits: {told['probability']:.2%} one party, {basis}")
    by_itself = "joins them" if told["links"] else "does not join them"
    yield Text(
        f"two single records are joined above {told['links_above_bits']:+g} bits, so this {by_itself} by itself; "
        f"in a cluster the mean of all pairs decides, and parts stay together above {told['clusters_split_below']:+g}"
    )
    yield Text(f"verdict: {'one golden record' if told['together'] else 'two golden records'}", style="bold")
    if (between := told["between"]) and between["pairs"]:
        weakest = " and ".join(between["weakest"])
        yield Text(
            f"between their records stand {between['pairs']:,} pairs with a mean of {between['mean_bits']:+.2f} bits, "
            f"each counted to {between['counted_to']:g} at most; weakest is {weakest}: {between['weakest_bits']:+.2f}"
        )
    for said in told["decisions"]:
        vain = said["decision"] != "later" and told["together"] != (said["decision"] == "must")
        but = "; the last build does not heed that: it was decided since, or other rows contradict it" if vain else ""
        yield Text(f"decided: {said['decision']} by {said['steward']} on {said['decided_on']}: {said['reason']}{but}")
    for change in told["would_turn"][:3]:
        name = change["comparison"].replace("_", " ")
        yield Text(f"would turn: {name} {change['label']} ({change['bits']:+.1f} bits)")
