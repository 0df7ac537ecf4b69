"""The queue of the last build: doubtful pairs and clusters, the most valuable to decide first. Reads only.

Worth of a case = how much a decision would tell (the entropy of its probability, 1 at even odds) times what it would
change (orders of the customers or lines of the variants, golden values that differ, records that would move).
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import duckdb
import pyarrow as pa

from pipelines import decisions, explain, thresholds
from pipelines.crowds import crowds, worth_telling
from pipelines.explain import Explained
from pipelines.matching import declared
from pipelines.plain import plain
from pipelines.resources import Settings
from pipelines.review.outcomes import foreseen, sentences

ID = {"customers": "customer_id", "products": "variant_id"}
SALES = {
    "customers": ("stg_shopify__orders", "stg_pos__receipts"),
    "products": ("stg_pos__receipt_lines",),
}
KEY = {"customers": "customer_record_id", "products": "product_record_id"}
WEAK = 0.94
"""Below this probability of its best pair a join is doubtful: one in 17 of such is wrong."""
TOO_LARGE = (
    "{} records, more than the {} allowed: nothing of the domain is published until it is split; "
    "the first shown fits least"
)
LONGEST_SHOWN = 300
NOT_COMPARED = {"record_id", "system", "source_key", "unit", "load_id", "extracted_at", "is_deleted", "published_id"}


@dataclass(frozen=True)
class Record:
    """One source record as it was conformed, with its golden id and how often it bought or was sold."""

    record_id: str
    golden_id: str | None
    values: dict[str, str]
    sales: int


@dataclass
class Case:
    """One question to a steward, `name` among those of its domain.

    `left` and `right` are the records of both sides, the ones compared first. `names` are the attributes shown,
    `shared` those of them that all variants of a product have in common, `outcomes` what the golden records would
    become if both records were said to be the same, or different; none where too many records would have to be weighed.
    `made` are records that Assay made itself, by golden record: these follow it, and nobody decides on them.
    A case that `closes` its domain keeps all of it from being published.
    """

    name: str
    domain: str
    kind: str
    reason: str
    left: list[Record]
    right: list[Record]
    bits: float | None
    uncertainty: float
    impact: float
    decided: str | None = None
    explained: Explained | None = None
    probability: float | None = None
    differing: int = 0
    names: list[str] = field(default_factory=list)
    shared: set[str] = field(default_factory=set)
    outcomes: list[str] = field(default_factory=list)
    made: dict[str, list[str]] = field(default_factory=dict)
    closes: bool = False

    @property
    def case_id(self) -> str:
        """Its id in a queue; a customer and a product of one system may have one number."""
        return f"{self.domain} {self.name}"

    @property
    def worth(self) -> float:
        """What the queue is ordered by."""
        return self.uncertainty * self.impact

    @property
    def pair(self) -> tuple[str, str] | None:
        """The two records that a decision is about; None where a decision is a split."""
        return (self.left[0].record_id, self.right[0].record_id) if self.right else None

    @property
    def heads(self) -> list[Record]:
        """The records that are compared: the first of each side; one where a golden record holds no other."""
        return [side[0] for side in (self.left, self.right) if side]

    @property
    def sales(self) -> int:
        return sum(record.sales for record in [*self.left, *self.right])

    def fields(self) -> list[tuple[str, str, str, bool]]:
        """Attribute, left value, right value, whether both say something and not the same; of the compared pair."""
        left, right = self.heads[0].values, self.heads[-1].values
        rows = [(name, left.get(name, ""), right.get(name, "")) for name in self.names]
        return [(name, shown(a), shown(b), bool(a and b and a != b)) for name, a, b in rows if a or b]


def shown(value: str) -> str:
    """A value as far as a person would read it, without what would turn the direction of what follows."""
    return plain(value if len(value) <= LONGEST_SHOWN else f"{value[:LONGEST_SHOWN]} … ({len(value):,} characters)")


def queue(settings: Settings, only: str | None = None) -> list[Case]:
    """Every open case of the last build: what closes its domain, then the most valuable; what was put off comes last.

    Cases decided since the build are left out. Raises NotFound before the first build and while one is writing.
    """
    with explain.warehouse(settings) as db:
        found = [case for domain in explain.DOMAINS if only in (None, domain) for case in _of_domain(db, domain)]
    return sorted(found, key=lambda case: (case.decided == "later", not case.closes, -case.worth, case.case_id))


def between(settings: Settings, domain: str, pairs: Iterable[tuple[str, str | None]], reason: str) -> list[Case]:
    """Cases that somebody names, whatever was decided: of pairs, or, of a record alone, its golden record."""
    with explain.warehouse(settings) as db:
        rows = [
            (f"pair {left} {right}", "pair", left, right, None, None, reason)
            if right
            else (f"cluster of {left}", "cluster", left, None, None, None, reason)
            for left, right in pairs
        ]
        return _cases(db, domain, rows)


def shared_by_too_many(settings: Settings) -> list[str]:
    """The values, openly, that so many records share that nobody was looked for by them in the last build."""
    with explain.warehouse(settings) as db:
        return [crowd.line() for domain in explain.DOMAINS for crowd in worth_telling(domain, crowds(db, domain))]


def _of_domain(db: duckdb.DuckDBPyConnection, domain: str) -> list[Case]:
    query = f"""
        select case_id, kind, left_record_id, right_record_id, cluster_id, bits, reason
        from matched.matched_{domain}__review order by case_id
    """
    rows = db.execute(query).fetchall()
    named = {frozenset(row[2:4]) for row in rows}
    weak = thresholds.bits_for(WEAK, thresholds.in_warehouse(db, domain))
    rows += [row for row in db.execute(_weakly_joined(domain, weak)).fetchall() if frozenset(row[2:4]) not in named]
    most = declared(domain)["quality"]["largest_cluster"]
    large = [
        (f"cluster {cluster}", "cluster", record, None, cluster, None, TOO_LARGE.format(records, most))
        for cluster, record, records in db.execute(loosest(domain, f"records > {most}")).fetchall()
    ]
    rows = [row for row in rows if row[4] not in {row[4] for row in large}] + large
    cases = [case for case in _cases(db, domain, rows) if case.decided in (None, "later")]
    for case in cases:
        case.closes = case.name in {row[0] for row in large}
    return cases


def _cases(db: duckdb.DuckDBPyConnection, domain: str, rows: list[tuple]) -> list[Case]:
    said = {row[1:3]: row for row in decisions.decisions(domain=domain)}
    named = {record for row in rows for record in row[2:4] if record}
    members = _members(db, domain, named)
    records = _records(db, domain, {record for each in members.values() for record in each})
    explained = explain.explain(db, domain, [pair for row in rows if (pair := _weighed(row, members))])
    names, shared = _attributes(db, domain), _golden_columns(db, f"golden_{domain}")
    made = _made(db, domain, {record.golden_id for record in records.values() if record.golden_id})
    worth = thresholds.in_warehouse(db, domain)
    cases = []
    for name, kind, left, right, _, bits, reason in rows:
        if left not in records or (right and right not in records):
            continue
        sides = [_side(records, members, one) for one in (left, right) if one]
        if kind == "cluster":
            sides = [sides[0][:1], sides[0][1:]]
        why = explained.get(_weighed((name, kind, left, right), members))
        bits = why.bits if why and right else bits
        case = Case(name, domain, kind, reason, sides[0], sides[1] if len(sides) > 1 else [], bits, 1.0, 1.0)
        case.explained, case.names, case.shared, case.made = why, names, shared, made
        row = said.get(tuple(sorted(case.pair))) if case.pair else None
        case.decided = row.decision if row else None
        case.probability = None if bits is None else float(worth.probability(bits))
        case.uncertainty = 1.0 if bits is None else _entropy(case.probability)
        case.differing = sum(differs for *_, differs in case.fields())
        moving = len(case.right) if kind == "cluster" else min(len(case.left), len(case.right) or 1)
        case.impact = 1 + math.log2(1 + case.sales) + case.differing + moving
        cases.append(case)
    judged = _one_column(db, f"select record_id from matched.matched_{domain}__evidence")
    seats = {
        case.pair: {
            one.record_id: one.golden_id or one.record_id
            for one in [*case.left, *case.right]
            if one.record_id in judged
        }
        for case in cases
        if case.pair and case.kind != "decision" and judged.issuperset(case.pair)
    }
    outcomes = foreseen(db, domain, seats, said)
    for case in cases:
        if case.pair in outcomes:
            case.outcomes = sentences(seats[case.pair], *outcomes[case.pair])
    return cases


def _weighed(row: tuple, members: dict[str, list[str]]) -> explain.Pair | None:
    """The pair of a case that is weighed: its own, or a cluster's loosest record and the first of the others."""
    _, kind, left, right, *_ = row
    if right or kind != "cluster":
        return (left, right) if right else None
    return next(((left, other) for other in members.get(left, []) if other != left), None)


def _weakly_joined(domain: str, weak: float) -> str:
    """Of each cluster the record with the weakest hold: its best pair with the rest says little for one party."""
    return f"""
        with seats as (
            select record_no, record_id, cluster_id
            from matched.matched_{domain}__clusters join matched.matched_{domain}__evidence using (record_id)
        ),
        inside as (
            select l.record_id as l, r.record_id as r, l.cluster_id, bits
            from matched.matched_{domain}__within as within
            join seats as l on within.left_no = l.record_no
            join seats as r on within.right_no = r.record_no and l.cluster_id = r.cluster_id
        ),
        bonds as (
            select cluster_id, one, other, bits
            from (select cluster_id, l as one, r as other, bits from inside
                union all select cluster_id, r, l, bits from inside)
            qualify row_number() over (partition by one order by bits desc, other) = 1
        )

        select 'bond ' || one || ' ' || other, 'pair', one, other, cluster_id, bits,
            'joined on little evidence: may be two in one cluster'
        from bonds
        where bits < {weak}
        qualify row_number() over (partition by cluster_id order by bits, one) = 1
        order by 1
    """


def loosest(domain: str, which: str) -> str:
    """Of each cluster that `which` holds for (SQL): its id, the record that fits least, how many it has."""
    return f"""
        with seats as (
            select record_no, record_id, cluster_id, count(*) over (partition by cluster_id) as records
            from matched.matched_{domain}__clusters join matched.matched_{domain}__evidence using (record_id)
            qualify {which}
        ),
        ties as (
            select one.cluster_id, one.record_id, one.records, avg(greatest(bits, -100)) as bits
            from matched.matched_{domain}__within as within
            join seats as one on one.record_no in (within.left_no, within.right_no)
            join seats as other on other.record_no in (within.left_no, within.right_no)
                and other.record_no <> one.record_no and one.cluster_id = other.cluster_id
            group by all
        )

        select cluster_id, record_id, records
        from ties
        qualify row_number() over (partition by cluster_id order by bits, record_id) = 1
        order by 1
    """


def _entropy(p: float) -> float:
    return -sum(x * math.log2(x) for x in (p, 1 - p) if x > 0)


def _side(records: dict[str, Record], members: dict[str, list[str]], first: str) -> list[Record]:
    return [records[first], *(records[one] for one in members.get(first, []) if one != first and one in records)]


def _members(db: duckdb.DuckDBPyConnection, domain: str, named: set[str]) -> dict[str, list[str]]:
    """The records with evidence of the golden record that each named record belongs to, by named record."""
    golden = ID[domain]
    query = f"""
        select mine.record_id, others.record_id
        from matched.matched_{domain}__ids as mine
        join matched.matched_{domain}__ids as others using ({golden})
        semi join matched.matched_{domain}__evidence as judged on others.record_id = judged.record_id
        where mine.record_id in (from named)
        order by all
    """
    found = defaultdict(list)
    for one, other in _among(db, named, query):
        found[one].append(other)
    return {one: found.get(one, [one]) for one in named}


def _made(db: duckdb.DuckDBPyConnection, domain: str, golden_ids: set[str]) -> dict[str, list[str]]:
    """The records that are in a golden record without evidence of their own, by golden record."""
    query = f"""
        select {ID[domain]}, list(record_id order by record_id)
        from matched.matched_{domain}__ids
        anti join matched.matched_{domain}__evidence using (record_id)
        where {ID[domain]} in (from named)
        group by all
    """
    return dict(_among(db, golden_ids, query))


def _attributes(db: duckdb.DuckDBPyConnection, domain: str) -> list[str]:
    """What a steward compares: the columns that a record and its golden record both have."""
    golden = _golden_columns(db, f"golden_{domain}") | _golden_columns(db, f"golden_{domain}__variants")
    described = db.execute(f"describe conformed.conformed_{domain}").fetchall()
    return [name for name, *_ in described if name in golden and name not in NOT_COMPARED]


def _golden_columns(db: duckdb.DuckDBPyConnection, table: str) -> set[str]:
    return _one_column(db, f"select column_name from duckdb_columns() where table_name = '{table}'")


def _records(db: duckdb.DuckDBPyConnection, domain: str, wanted: set[str]) -> dict[str, Record]:
    names = _attributes(db, domain)
    texts = ", ".join(f"coalesce(cast({name} as varchar), '')" for name in names)
    built = _one_column(db, "select table_name from information_schema.tables where table_schema = 'staging'")
    sold = [
        f"select {KEY[domain]} as record_id from staging.{t} where not is_deleted" for t in SALES[domain] if t in built
    ]
    sales = " union all ".join(sold) or "select null as record_id where false"
    query = f"""
        with sold as (
            select record_id, count(*) as sales from ({sales}) where record_id in (from named) group by record_id
        )

        select records.record_id, ids.{ID[domain]}, coalesce(sold.sales, 0), {texts}
        from conformed.conformed_{domain} as records
        left join matched.matched_{domain}__ids as ids using (record_id)
        left join sold using (record_id)
        where record_id in (from named)
    """
    return {
        record: Record(record, golden_id, dict(zip(names, values, strict=True)), sales)
        for record, golden_id, sales, *values in _among(db, wanted, query)
    }


def _among(db: duckdb.DuckDBPyConnection, names: set[str], query: str) -> list[tuple]:
    """The rows of a query over `named`, which holds these names: DuckDB takes long lists slowly as a parameter."""
    db.register("named", pa.table({"name": pa.array(sorted(names), pa.string())}))
    rows = db.execute(query).fetchall()
    db.unregister("named")
    return rows


def _one_column(db: duckdb.DuckDBPyConnection, query: str) -> set[Any]:
    return {row[0] for row in db.execute(query).fetchall()}
