"""What is really the same in the simulated retailer, and every trap that was laid. For the scorer only."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from sources.estate.people import People
from sources.estate.pricing import Planted as PlantedPrice
from sources.estate.scenarios import ANA, ANNA


@dataclass(frozen=True)
class Trap:
    """Two customer records that only look like the same person."""

    record_id: str
    other_record_id: str
    kind: str


@dataclass(frozen=True)
class Planted:
    """Traps among customers, faults of listings (record_id -> fault), and prices in conflict."""

    traps: list[Trap]
    listings: dict[str, str]
    prices: list[PlantedPrice]


def traps(people: People, rows: pa.Table) -> list[Trap]:
    """One pair of records for each pair of twins, of parent and namesake, of heir and loser of a number, …"""
    first = _first_records(rows)
    numbers = {mobile: n for n, mobile in enumerate(people.mobile.tolist())}
    former = zip(people.mobile_before.tolist(), np.isnat(people.mobile_since).tolist(), strict=True)
    heirs = np.array([-1 if never else numbers.get(mobile, -1) for mobile, never in former])
    kinds = {"twins": people.twin_of, "parent_and_namesake": people.namesake_of, "recycled_number": heirs}
    found = []
    for kind, other in kinds.items():
        for one in np.flatnonzero(other >= 0).tolist():
            pair = first.get(f"person-{one:06}"), first.get(f"person-{other[one]:06}")
            found.append(Trap(*pair, kind))
    sisters = [first[f"person-{len(people) + which:06}"] for which in (ANNA, ANA)]
    found.append(Trap(*sisters, "scenario_twins"))
    return found + _shared_mailboxes(rows)


def _shared_mailboxes(rows: pa.Table) -> list[Trap]:
    """Neighbouring records with the same address but different people behind it: families, offices, store dummies."""
    found, seen = [], {}
    columns = (record_ids(rows), rows["email"].to_pylist(), rows["person_id"].to_pylist())
    for record, email, person in zip(*columns, strict=True):
        if email is None:
            continue
        before = seen.get(email.lower())
        if before and before[1] != person:
            found.append(Trap(before[0], record, "dummy_email" if email.startswith("noemail@") else "shared_mailbox"))
        seen[email.lower()] = (record, person)
    return found


def _first_records(rows: pa.Table) -> dict[str, str]:
    first: dict[str, str] = {}
    for record, person in zip(record_ids(rows), rows["person_id"].to_pylist(), strict=True):
        first.setdefault(person, record)
    return first


def record_ids(table: pa.Table) -> list[str]:
    """`system:key` of each row."""
    return [f"{s}:{k}" for s, k in zip(table["system"].to_pylist(), table["key"].to_pylist(), strict=True)]


def write(
    path: Path, appearances: pa.Table, listings: pa.Table, planted: Planted, more_variants: Mapping[str, str]
) -> None:
    """customers, variants, traps, listings and prices as Parquet, and counts.json."""
    path.mkdir(parents=True, exist_ok=True)
    faults = planted.listings
    tables = {
        "customers": pa.table({"record_id": record_ids(appearances), "person_id": appearances["person_id"]}),
        "variants": pa.table(
            {
                "record_id": [*record_ids(listings), *more_variants],
                "variant_id": [*listings["variant_id"].to_pylist(), *more_variants.values()],
            }
        ),
        "traps": pa.Table.from_pylist([asdict(trap) for trap in planted.traps]),
        "listings": pa.table({"record_id": list(faults), "fault": list(faults.values())}),
        "prices": pa.Table.from_pylist([asdict(price) for price in planted.prices]),
    }
    for name, table in tables.items():
        pq.write_table(table, path / f"{name}.parquet")
    counts = {
        "people": len(set(appearances["person_id"].to_pylist())),
        "customer_records": appearances.num_rows,
        "traps": Counter(trap.kind for trap in planted.traps),
        "listings": Counter(faults.values()),
        "prices": Counter(price.kind for price in planted.prices),
    }
    (path / "counts.json").write_text(json.dumps(counts, indent=1, sort_keys=True))
