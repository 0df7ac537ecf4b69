"""What stewards decided and the last build could not heed: each row of both files that changes nothing, and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import duckdb
import pyarrow as pa

from pipelines import decisions, explain
from pipelines.resources import Settings


def unheeded(settings: Settings) -> list[str]:
    """A line for every row of a record that is gone or has no evidence, that cannot hold, or that others contradict."""
    with explain.warehouse(settings) as db:
        return [*_pairs(db), *_values(db)]


def _pairs(db: duckdb.DuckDBPyConnection) -> Iterator[str]:
    for domain in explain.DOMAINS:
        rows = decisions.decisions(domain=domain)
        known = _found(db, f"matched.matched_{domain}__evidence", [record for row in rows for record in row[1:3]])
        for row in rows:
            for record in row[1:3]:
                if record not in known:
                    yield (
                        f"match_overrides.csv: {row.left_record_id},{row.right_record_id}: {record} is not a live "
                        f"record of {domain} with evidence of its own"
                    )
        clashes = f"select distinct decisions from matched.matched_{domain}__contradictions order by all"
        for (told,) in db.execute(clashes).fetchall():
            yield f"match_overrides.csv: rows contradict each other, and all records that they join wait: {told}"


def _values(db: duckdb.DuckDBPyConnection) -> Iterator[str]:
    rows = decisions.overrides()
    live = {
        domain: _found(db, f"golden.golden_{domain}__members", [row.record_id for row in rows])
        for domain in explain.DOMAINS
    }
    for row in rows:
        if row.record_id not in live["customers" if row.domain == "customers" else "products"]:
            yield f"golden_overrides.csv: {row.record_id},{row.attribute}: no live record of {row.domain}"
    for domain in explain.DOMAINS:
        refused = f"select record_id, attribute, problem from golden.golden_{domain}__decided where problem is not null"
        for record_id, attribute, problem in db.execute(f"{refused} order by all").fetchall():
            yield f"golden_overrides.csv: {record_id},{attribute}: {problem}"


def _found(db: duckdb.DuckDBPyConnection, table: str, records: Iterable[str]) -> set[str]:
    """Those of `records` that `table` holds."""
    asked = pa.table({"record_id": pa.array(records, pa.string())})
    with db.cursor() as cursor:
        cursor.register("asked", asked)
        held = cursor.execute(f"select record_id from {table} semi join asked using (record_id)")
        return {record for (record,) in held.fetchall()}
