"""Database streams: any SQLAlchemy URL to Arrow batches whose schema comes from the contract, never from the data.

Read-only, in one snapshot, paged by key so that memory stays flat and no row moves between pages.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa

from sources.contract import Contract, Stream
from sources.errors import BadCredentials, Drift, ExtractError, SourceError, Unreachable
from sources.records import Page, Window, to_utc

ROWS_A_PAGE = 5_000


@dataclass(frozen=True)
class Database:
    """One stream's way to its database; `read` yields pages, `keys` every primary key."""

    system: str
    engine: sa.Engine
    stream: str = "*"

    def on(self, stream: str, exact: bool = False) -> Database:
        """The same database for another stream; values are exact anyway."""
        return replace(self, stream=stream)

    def fail(self, error: type[ExtractError], problem: str, remedy: str | None = None) -> ExtractError:
        """An error of this stream."""
        return error(self.system, self.stream, problem, remedy)

    def close(self) -> None:
        """Give the connections back."""
        self.engine.dispose()

    @property
    def server_at(self) -> datetime | None:
        """The database's clock, aware UTC; None for SQLite, which has none of its own."""
        if self.engine.dialect.name == "sqlite":
            return None
        in_utc = self.engine.dialect.name in ("mysql", "mariadb")
        clock = sa.func.utc_timestamp(6) if in_utc else sa.func.current_timestamp()
        with self._connected() as connection:
            at = connection.execute(sa.select(clock)).scalar_one()
            return at.replace(tzinfo=UTC) if in_utc else at.astimezone(UTC)

    def _connected(self) -> sa.Connection:
        try:
            return _read_only(self.engine.connect())
        except sa.exc.OperationalError as error:
            text = str(error.orig).lower()
            if any(word in text for word in ("password", "authentication", "access denied")):
                raise self.fail(BadCredentials, "the database refuses the login") from None
            raise self.fail(Unreachable, f"no connection to the database ({type(error.orig).__name__})") from None


def connect(contract: Contract, resolve: Callable[[str], str]) -> Database:
    """The database at the contract's endpoint, an SQLAlchemy URL. Values never appear in its errors."""
    engine = sa.create_engine(resolve(contract.endpoint), hide_parameters=True, pool_size=8)
    return Database(contract.system, engine)


def read(
    client: Database, stream: Stream, window: Window, table: str | None = None, rows: int | None = None
) -> Iterator[Page]:
    """Pages of the table (named like the stream unless told), ordered by key, with the exact columns of the contract.

    Rows whose cursor is null are read too: nothing says that they have not changed. Columns that the contract does
    not know follow as text. Raises Drift if a column is missing or a value does not fit its type.
    """
    rows = rows or ROWS_A_PAGE
    with client._connected() as connection:
        source, extra = _reflect(client, connection, stream, table or client.stream)
        key = source.c[stream.primary_key]
        chosen = [source.c[name] for name in [*stream.columns, *extra]]
        inside = _inside(source, stream, window, connection.dialect.name)
        total = connection.execute(sa.select(sa.func.count()).select_from(source).where(*inside)).scalar_one()
        last: Any = None
        while True:
            after = [] if last is None else [key > last]
            query = sa.select(*chosen).where(*inside, *after).order_by(key).limit(rows)
            found = _fetch(client, connection, query, stream.primary_key)
            if found or last is None:
                batch = _batch(client, stream, extra, found)
                yield Page(batch, total=total, event_texts=_event_texts(stream, found))
            if len(found) < rows:
                return
            last = found[-1][list(stream.columns).index(stream.primary_key)]


def keys(client: Database, stream: Stream, table: str | None = None, rows: int = 50_000) -> Iterator[list[Any]]:
    """Every primary key of the table, in lists."""
    with client._connected() as connection:
        source, _ = _reflect(client, connection, stream, table or client.stream)
        key, last = source.c[stream.primary_key], None
        while True:
            query = sa.select(key).where(*([] if last is None else [key > last])).order_by(key).limit(rows)
            found = [row[0] for row in _fetch(client, connection, query, stream.primary_key)]
            yield found
            if len(found) < rows:
                return
            last = found[-1]


def _read_only(connection: sa.Connection) -> sa.Connection:
    """A snapshot in which nothing can be written."""
    dialect = connection.dialect.name
    if dialect == "sqlite":
        connection.exec_driver_sql("PRAGMA query_only=ON")
        connection.exec_driver_sql("BEGIN")
    elif dialect == "postgresql":
        connection = connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    elif dialect in ("mysql", "mariadb"):
        connection.exec_driver_sql("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        connection.commit()
    return connection


def _reflect(client: Database, connection: sa.Connection, stream: Stream, table: str) -> tuple[sa.TableClause, list]:
    try:
        present = [column["name"] for column in sa.inspect(connection).get_columns(table)]
    except sa.exc.NoSuchTableError:
        raise client.fail(Drift, f"the database has no table {table}") from None
    missing = [name for name in stream.columns if name not in present]
    if missing:
        drift = client.fail(Drift, f"table {table} has lost the column {', '.join(missing)}")
        source = sa.table(table, *map(sa.column, present))
        query = sa.select(source).limit(ROWS_A_PAGE)
        drift.raw = _as_text(present, _fetch(client, connection, query, present[0]))
        raise drift
    extra = [name for name in present if name not in stream.columns]
    return sa.table(table, *map(sa.column, present)), extra


def _inside(source: sa.TableClause, stream: Stream, window: Window, dialect: str) -> list[Any]:
    if window.lower is None or stream.cursor is None:
        return []
    cursor = source.c[stream.cursor]
    lower = _bound(window.lower, stream, dialect)
    bounds = [sa.or_(cursor >= lower, cursor.is_(None))]
    if stream.max_window:
        bounds.append(sa.or_(cursor <= _bound(window.upper, stream, dialect), cursor.is_(None)))
    return bounds


def _bound(at: datetime, stream: Stream, dialect: str) -> Any:
    naive = at.astimezone(ZoneInfo(stream.zone(stream.cursor))).replace(tzinfo=None, microsecond=0)
    # SQLite compares text; the shortest form sorts before every longer form of the same second.
    return naive.isoformat(" ") if dialect == "sqlite" else naive


def _fetch(client: Database, connection: sa.Connection, query: sa.Select, key: str) -> list[tuple]:
    try:
        found = connection.execute(query)
    except sa.exc.DBAPIError as error:
        raise client.fail(SourceError, f"the database refuses the query ({type(error.orig).__name__})") from None
    try:
        return found.cursor.fetchall()
    except (connection.dialect.loaded_dbapi.Error, UnicodeError) as error:
        if connection.dialect.name == "sqlite" and (garbled := _garbled(client, connection, query, key)):
            raise garbled from None
        raise client.fail(SourceError, f"the database breaks off its answer ({type(error).__name__})") from None


def _garbled(client: Database, connection: sa.Connection, query: sa.Select, key: str) -> Drift | None:
    """What to say of the first text that is not UTF-8, which SQLite keeps as it was given, if there is one."""
    driver, names = connection.connection.driver_connection, [column.name for column in query.selected_columns]
    driver.text_factory = lambda text: text.decode(errors="surrogateescape")
    try:
        rows = connection.execute(query).cursor.fetchall()
    finally:
        driver.text_factory = str
    told = [tuple(map(_readable, row)) for row in rows]
    for row, plain in zip(rows, told, strict=True):
        for name, value, readable in zip(names, row, plain, strict=True):
            if value != readable:
                problem = f"record {plain[names.index(key)]}: column {name} holds a text that is not UTF-8"
                drift = client.fail(
                    Drift, problem, "correct it there, and let what wrote it write UTF-8; then run again"
                )
                drift.raw = _as_text(names, told)
                return drift
    return None


def _readable(value: Any) -> Any:
    """A text with a question mark for each byte that is no UTF-8."""
    return value.encode(errors="surrogateescape").decode(errors="replace") if isinstance(value, str) else value


def _batch(client: Database, stream: Stream, extra: list[str], rows: list[tuple]) -> pa.RecordBatch:
    names, arrays, fields = [*stream.columns, *extra], [], []
    for name, values in zip(names, zip(*rows, strict=True) if rows else [()] * len(names), strict=True):
        column = stream.columns.get(name)
        try:
            array = array_of(values, column.type, column.scale, stream.zone(name)) if column else _texts(values)
            if column and column.required and array.null_count:
                raise ValueError("null")
        except (ValueError, TypeError, InvalidOperation, pa.ArrowException):
            drift = client.fail(Drift, f"column {name} holds a value that is not a {column.type} as promised")
            drift.raw = _as_text(names, rows)
            raise drift from None
        arrays.append(array)
        fields.append(pa.field(name, array.type))
    return pa.RecordBatch.from_arrays(arrays, schema=pa.schema(fields))


def array_of(values: tuple, kind: str, scale: int, zone: str) -> pa.Array:
    """Exact Arrow values of a column of the contract; naive times are local to `zone`. Raises if one does not fit."""
    if kind == "decimal":
        return _decimals(values, pa.decimal128(18, scale))
    if kind == "timestamp":
        return _times(values, zone)
    if kind == "date":
        return pa.array([date.fromisoformat(v[:10]) if isinstance(v, str) else v for v in values], pa.date32())
    if kind == "boolean":
        return pa.array([None if value is None else _truth(value) for value in values], pa.bool_())
    if kind == "integer":
        return pa.array(values, pa.int64())
    return _texts(values)


def _decimals(values: tuple, exact: pa.Decimal128Type) -> pa.Array:
    kinds = set(map(type, values)) - {type(None)}
    if kinds <= {str}:
        return pa.array(values, pa.string()).cast(exact)
    if kinds <= {Decimal, int}:
        return pa.array(values, exact)
    return pa.array([None if value is None else Decimal(str(value)) for value in values], exact)


def _times(values: tuple, zone: str) -> pa.Array:
    """Naive UTC; by Arrow where it can, which is not in an hour that the clock skipped nor for texts with an offset."""
    kinds = set(map(type, values)) - {type(None)}
    naive = pa.timestamp("us")
    if kinds <= {str} or kinds <= {datetime} and not any(value.tzinfo for value in values if value):
        try:
            local = pa.array(values, pa.string() if str in kinds else naive).cast(naive)
            if zone == "UTC":
                return local
            return pc.assume_timezone(local, zone, ambiguous="earliest").cast(pa.timestamp("us", "UTC")).cast(naive)
        except pa.ArrowInvalid:
            pass
    times = [to_utc(value, zone) for value in values]
    if sum(time is None for time in times) != sum(value is None for value in values):
        raise ValueError("unreadable time")
    return pa.array(times, naive)


def _event_texts(stream: Stream, rows: list[tuple]) -> list[str | None] | None:
    """The event times as the database has them, where they are not UTC."""
    event = stream.event_time or stream.cursor
    if event is None or stream.zone(event) == "UTC":
        return None
    place = list(stream.columns).index(event)
    return [one if one is None or isinstance(one, str) else str(one) for one in (row[place] for row in rows)]


def _truth(value: Any) -> bool:
    if value in (0, 1):
        return bool(value)
    raise ValueError("not a truth value")


def _texts(values: tuple) -> pa.Array:
    return pa.array([value if value is None or isinstance(value, str) else str(value) for value in values], pa.string())


def _as_text(names: list[str], rows: list[tuple]) -> pa.Table:
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(names)
    return pa.table([_texts(tuple(column)) for column in columns], names=names)
