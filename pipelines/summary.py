"""What a publish amounts to, in numbers that a person can check: read from the exports and the ledger."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import sqlalchemy as sa

from pipelines import exports, ledger
from pipelines.ledger import open_ledger
from pipelines.publish.store import latest, load
from pipelines.resources import Settings

DOMAINS = {"customers": "people and companies", "products": "variants"}


@dataclass(frozen=True)
class Summary:
    """Records per system and domain, what was found behind them, and what became of it in Odoo."""

    records: dict[str, dict[str, int]]
    golden: dict[str, int]
    review: int
    price_conflicts: int
    written: int
    verified: int
    second_plan: int

    @property
    def good(self) -> bool:
        """Whether every field that was written reads back, and nothing is left to write."""
        return 0 < self.written == self.verified and self.second_plan == 0

    def lines(self) -> Iterator[str]:
        """The summary as text."""
        for domain, found in DOMAINS.items():
            total = sum(self.records[domain].values())
            listed = ", ".join(f"{system} {count:,}" for system, count in self.records[domain].items())
            yield f"{total:>9,} {domain.removesuffix('s')} records: {listed}"
            yield f"{self.golden[domain]:>9,} {found} behind them, {total - self.golden[domain]:,} duplicates resolved"
        yield f"{self.review:>9,} pairs of records left to a person's judgement"
        yield f"{self.golden['prices']:>9,} prices, and {self.price_conflicts:,} in conflict between channels"
        yield f"{self.written:>9,} fields written to Odoo, {self.verified:,} read back as written"
        again = "nothing: Odoo is as golden wants it" if not self.second_plan else f"{self.second_plan:,} records"
        yield f"{'':>9} second plan: {again}"


def summarise(settings: Settings) -> Summary:
    """The state after the newest plan and run."""
    folder = settings.exports
    with open_ledger(settings.ledger_url).connect() as connection:
        receipts = ledger.receipts.c
        written, verified = connection.execute(
            sa.select(sa.func.count(), sa.func.count().filter(receipts.verified.is_(True))).select_from(ledger.receipts)
        ).one()
        second = load(connection, latest(connection))
    return Summary(
        {domain: _by_system(folder / "matched" / f"matched_{domain}__ids.parquet") for domain in DOMAINS},
        {
            "customers": _rows(folder / "golden" / "golden_customers.parquet"),
            "products": _rows(folder / "golden" / "golden_products__variants.parquet"),
            "prices": _rows(folder / "golden" / "golden_prices.parquet"),
        },
        sum(_rows(path) for path in (folder / "matched").glob("*__review.parquet")),
        _rows(folder / "golden" / "golden_prices__exceptions.parquet"),
        written,
        verified,
        second.changes,
    )


def next_commands(settings: Settings) -> list[str]:
    """Three commands to try, on the published customer that the most records of the most systems stand behind."""
    provenance = settings.exports / "golden" / "golden_customers__provenance.parquet"
    receipts = ledger.receipts.c
    with open_ledger(settings.ledger_url).connect() as connection:
        query = sa.select(receipts.golden_id, receipts.odoo_id).where(
            receipts.object == "res_partner", receipts.field == "email", receipts.created_record.is_(False)
        )
        published = dict(connection.execute(query).all())
    with duckdb.connect() as memory:
        ranked = memory.execute(
            f"""
            select customer_id from {exports.relation(provenance)} group by customer_id
            order by count(distinct system) desc, max(len(losing_values)) desc, customer_id
            """
        ).fetchall()
    shown = next((golden_id for (golden_id,) in ranked if golden_id in published), ranked[0][0])
    commands = [f".venv/bin/assay golden show {shown}", "make dev"]
    if shown in published:
        commands.insert(0, f".venv/bin/assay lineage odoo res.partner/{published[shown]}.email")
    return ["Try next:", *(f"  {command}" for command in commands)]


def _by_system(path: Path) -> dict[str, int]:
    query = "select split_part(record_id, ':', 1) as system, count(*) from read_parquet(?) group by all order by all"
    with duckdb.connect() as memory:
        return dict(memory.execute(query, [str(path)]).fetchall())


def _rows(path: Path) -> int:
    with duckdb.connect() as memory:
        return memory.execute("select count(*) from read_parquet(?)", [str(path)]).fetchone()[0]
