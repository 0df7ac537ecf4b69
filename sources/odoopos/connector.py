"""Reads the point of sale of an Odoo as Odoo is read: by id, and changes by `write_date`. Only the models are its own.

A system apart, for not every Odoo has one, and who reads contacts and prices has no right to what was sold.
"""

from __future__ import annotations

from collections.abc import Iterator

from sources.contract import Stream
from sources.odoo.connector import Client, connect, ids, records
from sources.records import Page, Window

__all__ = ["connect"]

MODELS = {
    "sessions": "pos.session",
    "orders": "pos.order",
    "order_lines": "pos.order.line",
    "payments": "pos.payment",
}
# Its currency's name is the ISO code, its till's name what people call it.
NAMED = {"sessions"}


def keys(client: Client, stream: Stream) -> Iterator[list[str]]:
    """The id of every record that is left."""
    return ids(client, stream, MODELS[client.stream], [])


def sessions(client: Client, stream: Stream, window: Window) -> Iterator[Page]:
    """All records of the stream's model, or those written in the window."""
    return records(client, stream, window, MODELS[client.stream], [], client.stream in NAMED)


orders = order_lines = payments = sessions
