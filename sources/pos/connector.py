"""Reads the POS database, whatever SQLAlchemy URL it is at: one generator per stream, in the tables' own columns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sources import sql
from sources.contract import Stream
from sources.records import Page, Window
from sources.sql import Database


def stores(client: Database, stream: Stream, window: Window) -> Iterator[Page]:
    """All stores."""
    return sql.read(client, stream, window)


def customers(client: Database, stream: Stream, window: Window) -> Iterator[Page]:
    """Customers of the tills, deleted ones flagged."""
    return sql.read(client, stream, window)


def articles(client: Database, stream: Stream, window: Window) -> Iterator[Page]:
    """Articles, inactive ones too."""
    return sql.read(client, stream, window)


def prices(client: Database, stream: Stream, window: Window) -> Iterator[Page]:
    """Shelf prices, past and future windows too."""
    return sql.read(client, stream, window)


def receipts(client: Database, stream: Stream, window: Window) -> Iterator[Page]:
    """Receipts in the order of the database's intake, whenever the till says that they were printed."""
    return sql.read(client, stream, window)


def receipt_lines(client: Database, stream: Stream, window: Window) -> Iterator[Page]:
    """The lines of receipts; the tables carry store and times on each line."""
    return sql.read(client, stream, window)


def keys(client: Database, stream: Stream) -> Iterator[list[Any]]:
    """Every primary key of the stream's table."""
    return sql.keys(client, stream)
