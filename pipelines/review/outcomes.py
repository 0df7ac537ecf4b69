"""What a decision would make of the golden records that it is about, before anybody takes it.

Their records are weighed and grouped as the next build would do it. What other records would then do is not looked at.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from itertools import combinations

import duckdb
import numpy as np
import pyarrow as pa

from pipelines import decisions, explain, linkage, thresholds
from pipelines.explain import Pair
from pipelines.matching import declared

MOST_RECORDS = 60
"""Golden records with more records together are not foreseen: each pair of them would be weighed."""
NAMED = 4
SAID = {"must": np.inf, "cannot": -np.inf}
Parties = list[list[str]]


def foreseen(
    db: duckdb.DuckDBPyConnection, domain: str, asked: Mapping[Pair, Mapping[str, str]], said: decisions.Known
) -> dict[Pair, tuple[Parties, Parties]]:
    """For each pair the groups that its records would form if it were said to be the same, and if different.

    `asked` gives, by pair, the records of both golden records with their golden ids; `said` is what stewards say by
    now. A pair whose golden records have too many records is left out.
    """
    small = {pair: sorted(seats) for pair, seats in asked.items() if len(seats) <= MOST_RECORDS}
    if not small:
        return {}
    bits = _bits(db, domain, {inside for records in small.values() for inside in combinations(records, 2)})
    bits |= {pair: SAID[row.decision] for pair, row in said.items() if row.decision in SAID and pair in bits}
    limits = thresholds.solved(declared(domain), thresholds.in_warehouse(db, domain))
    same, different = (_grouped(small, bits, verdict, limits) for verdict in SAID.values())
    return {pair: both for pair, *both in zip(small, same, different, strict=True)}


def sentences(seats: Mapping[str, str], same: Parties, different: Parties) -> list[str]:
    """Both outcomes in words; `seats` are the golden ids of the records now."""
    return [f"{word}: {_told(seats, parties)}" for word, parties in (("Same", same), ("Different", different))]


def _told(seats: Mapping[str, str], parties: Parties) -> str:
    ids = sorted(set(seats.values()))
    now = {frozenset(record for record in seats if seats[record] == one) for one in ids}
    if now == {frozenset(party) for party in parties}:
        return (
            f"{' and '.join(ids)} {'stays' if len(ids) == 1 else 'stay'} as {'it is' if len(ids) == 1 else 'they are'}"
        )
    if len(parties) == 1:
        return f"{' and '.join(ids)} become one"
    groups = [", ".join(party[:NAMED]) + _more(len(party) - NAMED) for party in parties]
    return f"{' and '.join(ids)} become{'s' if len(ids) == 1 else ''} {len(parties)}: {'; '.join(groups)}"


def _more(others: int) -> str:
    return f" and {others} more" if others > 0 else ""


def _grouped(
    asked: Mapping[Pair, list[str]], bits: Mapping[Pair, float], verdict: float, limits: dict
) -> list[Parties]:
    """The parties that the records of each pair form if the bits of this pair, there alone, are `verdict`."""
    component, left, right, weighed = [], [], [], []
    for number, (pair, records) in enumerate(asked.items()):
        decided, seats = tuple(sorted(pair)), range(len(component), len(component) + len(records))
        for (one, record), (other, beside) in combinations(zip(seats, records, strict=True), 2):
            left.append(one)
            right.append(other)
            inside = (record, beside)
            weighed.append(verdict if inside == decided else bits.get(inside, -limits["cap_bits"]))
        component += [number] * len(records)
    bars = (limits["cap_bits"], limits["stop_bits"], limits["lone_bits"])
    clusters = iter(linkage.refine(*map(np.array, (component, left, right, weighed)), *bars).tolist())
    found = []
    for records in asked.values():
        parties = defaultdict(list)
        for record in records:
            parties[next(clusters)].append(record)
        found.append(list(parties.values()))
    return found


def _bits(db: duckdb.DuckDBPyConnection, domain: str, pairs: Iterable[Pair]) -> dict[Pair, float]:
    """What the last build says of pairs, or would have said had it compared them."""
    asked = sorted(pairs)
    names = ("one", "other")
    db.register("inside", pa.table([pa.array([pair[i] for pair in asked], pa.string()) for i in (0, 1)], names=names))
    query = f"""
        with numbered as (from matched.matched_{domain}__evidence select record_no, record_id)

        select one, other, bits
        from inside
        join numbered as l on one = l.record_id
        join numbered as r on other = r.record_id
        join matched.matched_{domain}__within as within
            on within.left_no = least(l.record_no, r.record_no) and within.right_no = greatest(l.record_no, r.record_no)
        where isfinite(bits)
    """
    found = {(one, other): bits for one, other, bits in db.execute(query).fetchall()}
    db.unregister("inside")
    rest = explain.explain(db, domain, [pair for pair in asked if pair not in found])
    return found | {pair: each.bits for pair, each in rest.items()}
