"""The stores' database of the simulated retailer: real SQL tables, filled from the world, and changed as tills would.

Any SQLAlchemy URL will do; a file path means SQLite. Tables are in tables.py; reading them is the connector's business.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa
from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateIndex, CreateTable

from sources.estate.state import seeding
from sources.estate.tables import decimals
from sources.estate.trade import points_at_tills
from sources.estate.world import World
from sources.pos.tables import METADATA

ZONE = "Europe/Prague"
STREAMS = {name: name for name in METADATA.tables}
CREDENTIALS: dict[str, str] = {}
_ROWS_AT_ONCE = 20_000
_RENAMED = {
    "customers": {"key": "customer_code"},
    "articles": {"key": "article_code"},
    "prices": {"key": "price_code", "listing_key": "article_code"},
    "receipts": {"key": "receipt_code", "customer_key": "customer_code"},
    "points": {"receipt_key": "receipt_code", "customer_key": "customer_code", "sold_at": "booked_at"},
    "receipt_lines": {"receipt_key": "receipt_code", "listing_key": "article_code"},
}
_LOCAL = {"changed_at", "sold_at", "paid_at", "valid_from_at", "valid_to_at", "counted_at", "booked_at"}
_VOUCHER = 50_00  # hellers
_COUNTED = 400  # articles of which a store knows its stock, at most


def seed(world: World, path: Path) -> None:
    """Create the SQLite database at `path` with the world's stores, customers, articles, prices and sales."""
    statements = [str(CreateTable(table).compile(dialect=sqlite.dialect())) for table in METADATA.sorted_tables]
    with seeding(path, statements) as connection:
        for table, source in _sources(world):
            marks = ", ".join("?" * len(table.columns))
            for rows in _rows(table, source):
                connection.executemany(f"insert into {table.name} values ({marks})", rows)
        for table in METADATA.sorted_tables:
            for index in table.indexes:
                connection.execute(str(CreateIndex(index).compile(dialect=sqlite.dialect())))


def load(world: World, url: str) -> None:
    """Create and fill the tables in any empty database, such as PostgreSQL or MariaDB."""
    engine = sa.create_engine(url)
    METADATA.create_all(engine)
    with engine.begin() as connection:
        for table, source in _sources(world):
            names = [column.name for column in table.columns]
            for rows in _rows(table, source):
                connection.execute(sa.insert(table), [dict(zip(names, row, strict=True)) for row in rows])
    engine.dispose()


def touch(path: Path | str, stream: str, key: str, at: datetime, **fields: Any) -> None:
    """Change a row: the given columns, and the time of its last change, which becomes `at`."""
    table = METADATA.tables[stream]
    stamped = {"changed_at": at} if "changed_at" in table.columns else {}
    changed = {**stamped, **fields, "updated_at": at}
    with _writing(path) as connection:
        connection.execute(sa.update(table).where(_key(table) == key), stored(connection.dialect, changed))


def delete(path: Path | str, stream: str, key: str, at: datetime) -> None:
    """What the tills' software does to delete: customers are flagged, all else is gone without a trace."""
    table = METADATA.tables[stream]
    if "is_deleted" in table.columns:
        touch(path, stream, key, at, is_deleted=True)
        return
    with _writing(path) as connection:
        connection.execute(sa.delete(table).where(_key(table) == key))


def keys(path: Path, stream: str) -> list[str]:
    """The keys of a table's rows, in order."""
    key = _key(METADATA.tables[stream])
    with _writing(path) as connection:
        return list(connection.execute(sa.select(key).order_by(key)).scalars())


def insert(path: Path | str, stream: str, rows: list[dict[str, Any]], at: datetime) -> None:
    """Insert rows, or replace those whose key is there: a till that comes back sends everything again.

    Values are exact: Decimal, date, bool, datetimes in UTC (local columns are converted to the store's clock).
    """
    table = METADATA.tables[stream]
    with _writing(path) as connection:
        for row in rows:
            values = stored(connection.dialect, {**row, "updated_at": at})
            connection.execute(sa.delete(table).where(_key(table) == values[_key(table).name]))
            connection.execute(sa.insert(table), values)


def tender(receipt: dict[str, Any]) -> dict[str, Any]:
    """How a receipt that a till sends was paid: at once, and all of it in one way."""
    same = {name: receipt[name] for name in ("receipt_code", "store_code", "currency")}
    paid = {"method": receipt["payment"], "amount": receipt["total_amount"], "paid_at": receipt["sold_at"]}
    return {"tender_code": f"{receipt['receipt_code']}-P", "kind": "payment", **same, **paid}


def stored(dialect: sa.Dialect, values: dict[str, Any]) -> dict[str, Any]:
    """Values as the database keeps them: times naive, in UTC or in store time; in SQLite as text."""
    text = dialect.name == "sqlite"
    plain = {}
    for name, value in values.items():
        if isinstance(value, datetime):
            value = _utc(value).astimezone(ZoneInfo(ZONE) if name in _LOCAL else UTC).replace(tzinfo=None)
            value = value.isoformat(" ", "microseconds") if text else value
        elif isinstance(value, Decimal | date) and text:
            value = str(value)
        plain[name] = value
    return plain


def _sources(world: World) -> Iterator[tuple[sa.Table, pa.Table]]:
    """Each table of the database with the world's rows for it, columns named as in the database."""
    people = world.appearances.filter(pc.equal(world.appearances["system"], "pos"))
    people = people.append_column("is_deleted", pa.repeat(pa.scalar(False), people.num_rows))
    people = people.append_column("changed_at", people["updated_at"])
    listings = world.listings.filter(pc.equal(world.listings["system"], "pos"))
    prices = world.prices.filter(pc.equal(world.prices["system"], "pos"))
    points = points_at_tills(world.receipts, world.appearances)
    points = points.append_column("booking_code", pc.binary_join_element_wise(points["receipt_key"], "L", "-"))
    tables = {
        "stores": world.stores,
        "customers": people,
        "articles": listings,
        "prices": prices,
        "receipts": world.receipts,
        "receipt_lines": _lines(world),
        "tenders": tenders(world),
        "points": points,
        "stock_levels": _stock(world, listings["key"].to_pylist()[:_COUNTED]),
    }
    for name, source in tables.items():
        renamed = [_RENAMED.get(name, {}).get(column, column) for column in source.column_names]
        yield METADATA.tables[name], source.rename_columns(renamed)


def _lines(world: World) -> pa.Table:
    """The lines with their own key, and with store and times of their receipt."""
    lines = world.receipt_lines
    place = pc.index_in(lines["receipt_key"], world.receipts["key"].combine_chunks())
    for name in ("store_code", "sold_at", "updated_at"):
        lines = lines.append_column(name, world.receipts[name].take(place))
    numbers = pc.utf8_lpad(lines["line"].cast(pa.string()), 3, "0")
    return lines.append_column("line_code", pc.binary_join_element_wise(lines["receipt_key"], numbers, "-"))


def _stock(world: World, articles: list[str]) -> pa.Table:
    """What each store has of the articles; it counts some shelf every night."""
    places = [(store, article) for store in world.stores["store_code"].to_pylist() for article in articles]
    number, now = np.arange(len(places)), np.datetime64(world.now.replace(tzinfo=None), "us")
    counted = now - (number % 28 + 1).astype("timedelta64[D]").astype("timedelta64[us]")
    columns = {
        "stock_code": [f"{store}-{article}" for store, article in places],
        "store_code": [store for store, _ in places],
        "article_code": [article for _, article in places],
        "on_hand": (number * 11 % 37 - (number % 31 == 7)).astype(np.int32),
        "reserved": (number % 23 == 3).astype(np.int32),
        "counted_at": counted,
        "updated_at": np.minimum(counted + np.timedelta64(9, "h"), now),
    }
    return pa.table(columns)


def tenders(world: World) -> pa.Table:
    """Receipts as they were paid, each 19th in part by voucher; of the others each 23rd was given back a day later."""
    heads, number, day = world.receipts, np.arange(len(world.receipts)), timedelta(days=1)
    total = pc.multiply(heads["total_amount"], pa.scalar(100)).cast(pa.int64()).to_numpy()
    voucher = np.flatnonzero((number % 19 == 7) & (total > _VOUCHER))
    known = heads["updated_at"].to_numpy() < np.datetime64((world.now - day).replace(tzinfo=None))
    back = np.setdiff1d(np.flatnonzero((number % 23 == 3) & known), voucher)
    paid = total.copy()
    paid[voucher] -= _VOUCHER
    partly, returned = heads.take(voucher), heads.take(back)
    return pa.concat_tables(
        [
            _tender(heads, "P", "payment", paid),
            _tender(partly, "V", "payment", np.full(len(partly), _VOUCHER), pa.repeat("voucher", len(partly))),
            _tender(returned, "R", "refund", -total[back], later=day),
        ]
    )


def _tender(
    receipts: pa.Table,
    mark: str,
    kind: str,
    cents: np.ndarray,
    method: pa.Array | None = None,
    later: timedelta = timedelta(0),
) -> pa.Table:
    """One way in which each of some receipts was paid, unless told the receipt's own."""
    columns = {
        "tender_code": pc.binary_join_element_wise(receipts["key"], mark, "-"),
        "receipt_code": receipts["key"],
        "store_code": receipts["store_code"],
        "kind": pa.repeat(kind, len(receipts)),
        "method": receipts["payment"] if method is None else method,
        "currency": receipts["currency"],
        "amount": decimals(cents),
        "paid_at": pc.add(receipts["sold_at"], pa.scalar(later)),
        "updated_at": pc.add(receipts["updated_at"], pa.scalar(later)),
    }
    return pa.table(columns)


def _rows(table: sa.Table, source: pa.Table) -> Iterator[list[tuple]]:
    chosen = source.select([column.name for column in table.columns])
    for start in range(0, chosen.num_rows, _ROWS_AT_ONCE):
        part = chosen.slice(start, _ROWS_AT_ONCE)
        columns = [_plain(name, part[name]).to_pylist() for name in part.column_names]
        yield list(zip(*columns, strict=True))


def _plain(name: str, column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Amounts, days and times as text, which every database reads exactly; times local where the tills keep them so."""
    if pa.types.is_timestamp(column.type):
        if name in _LOCAL:
            column = pc.local_timestamp(pc.assume_timezone(column, "UTC").cast(pa.timestamp("us", ZONE)))
        return column.cast(pa.string())
    if pa.types.is_decimal(column.type) or pa.types.is_date(column.type):
        return column.cast(pa.string())
    return column


def _key(table: sa.Table) -> sa.Column:
    return next(iter(table.primary_key))


@contextmanager
def _writing(path: Path | str) -> Iterator[sa.Connection]:
    """A transaction on the database at a path or URL; afterwards nothing stays open."""
    engine = sa.create_engine(path if isinstance(path, str) and ":" in path else f"sqlite:///{path}")
    with engine.begin() as connection:
        yield connection
    engine.dispose()


def _utc(at: datetime) -> datetime:
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
