"""The stateful heart of every stand-in that speaks a vendor's API: one SQLite table of JSON objects.

Opening, seeding, reading and changing objects belongs here; wire formats do not. The till database has real tables.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import orjson

_SCHEMA = (
    "create table if not exists objects (type text not null, id text not null, updated_at text not null,"
    " body text not null, deleted int not null default 0)",
    "create unique index if not exists objects_by_id on objects (type, id)",
    "create index if not exists objects_by_update on objects (type, updated_at, id)",
)
_UPSERT = (
    "insert into objects (type, id, updated_at, body, deleted) values (?, ?, ?, ?, ?) on conflict (type, id)"
    " do update set updated_at = excluded.updated_at, body = excluded.body, deleted = excluded.deleted"
)


class Stored(NamedTuple):
    """One object: its key, its last change (see `instant`), its decoded body, and whether it was deleted."""

    id: str
    updated_at: str
    body: Any
    deleted: bool


def instant(at: datetime) -> str:
    """`2026-03-29T15:00:00.000000Z`: UTC text of fixed width, so that text order is time order."""
    aware = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    return aware.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def open_state(path: Path) -> sqlite3.Connection:
    """A connection in autocommit mode, safe beside other readers and one writer; one thread at a time."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=30)
    connection.execute("pragma journal_mode=WAL")
    connection.execute("pragma synchronous=OFF")
    for statement in _SCHEMA:
        connection.execute(statement)
    return connection


@contextmanager
def seeding(path: Path, tables: Iterable[str] = _SCHEMA) -> Iterator[sqlite3.Connection]:
    """A fresh database that appears at `path`, complete, when the block ends; `tables` are its DDL statements."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    for leftover in (partial, Path(f"{path}-wal"), Path(f"{path}-shm")):
        leftover.unlink(missing_ok=True)
    connection = sqlite3.connect(partial, isolation_level=None)
    connection.execute("pragma journal_mode=OFF")
    connection.execute("pragma synchronous=OFF")
    for statement in tables:
        connection.execute(statement)
    connection.execute("begin")
    yield connection
    connection.execute("commit")
    # Readers keep their snapshot while others write.
    connection.execute("pragma journal_mode=WAL")
    connection.close()
    os.replace(partial, path)


def put(connection: sqlite3.Connection, type: str, objects: Iterable[tuple[str, datetime | str, Any]]) -> None:
    """Insert or replace objects given as (id, updated_at, body); a body is JSON-able, or bytes already encoded."""
    connection.executemany(_UPSERT, ((type, id, _text(at), _encoded(body), 0) for id, at, body in objects))


def get(connection: sqlite3.Connection, type: str, id: str) -> Stored | None:
    """The object, deleted ones included, or None if there never was one."""
    row = connection.execute(
        "select id, updated_at, body, deleted from objects where type = ? and id = ?", (type, id)
    ).fetchone()
    return _stored(row) if row else None


def list_objects(
    connection: sqlite3.Connection,
    type: str,
    *,
    after: str | tuple[str, str] | None = None,
    limit: int | None = None,
    updated_from: str | None = None,
    updated_to: str | None = None,
    order: str = "id",
    descending: bool = False,
    with_deleted: bool = False,
) -> list[Stored]:
    """Objects in order of `id` or `updated_at` (ties by id), from just behind `after`.

    `after` is an id, or (updated_at, id) when ordered by update. Both update bounds are inclusive `instant` texts.
    """
    keys = {"id": ("id",), "updated_at": ("updated_at", "id")}[order]
    clauses, values = ["type = ?"], [type]
    if after is not None:
        clauses.append(f"({', '.join(keys)}) {'<' if descending else '>'} ({', '.join('?' * len(keys))})")
        values.extend([after] if isinstance(after, str) else after)
    for bound, operator in ((updated_from, ">="), (updated_to, "<=")):
        if bound is not None:
            clauses.append(f"updated_at {operator} ?")
            values.append(bound)
    if not with_deleted:
        clauses.append("deleted = 0")
    direction = " desc" if descending else ""
    sql = (
        f"select id, updated_at, body, deleted from objects where {' and '.join(clauses)}"
        f" order by {', '.join(key + direction for key in keys)} limit ?"
    )
    return [_stored(row) for row in connection.execute(sql, (*values, -1 if limit is None else limit))]


def count(connection: sqlite3.Connection, type: str) -> int:
    """How many objects of the type are alive."""
    return connection.execute("select count(*) from objects where type = ? and deleted = 0", (type,)).fetchone()[0]


def remove(connection: sqlite3.Connection, type: str, id: str, at: datetime | str) -> None:
    """Mark an object as deleted at `at`; its body stays for those who ask what was deleted."""
    connection.execute(
        "update objects set deleted = 1, updated_at = ? where type = ? and id = ?", (_text(at), type, id)
    )


def _text(at: datetime | str) -> str:
    return at if isinstance(at, str) else instant(at)


def _encoded(body: Any) -> str:
    return (body if isinstance(body, bytes) else orjson.dumps(body)).decode()


def _stored(row: tuple[str, str, str, int]) -> Stored:
    return Stored(row[0], row[1], orjson.loads(row[2]), bool(row[3]))
