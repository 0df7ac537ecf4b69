"""A stand-in for Odoo Point of Sale: the embedded Odoo, with tills and what they sold in its database."""

from __future__ import annotations

import sqlite3
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from sources.estate.world import World
from sources.odoo.demo import events
from sources.odoo.demo.fresh import Insert, create_database
from sources.odoo.demo.store import STAMP
from sources.odoo.fake import SAYS, app
from sources.odoopos.connector import MODELS as STREAMS

__all__ = ["SAYS", "STREAMS", "app"]

CREDENTIALS = {
    "ODOOPOS_DB": "assay",
    "ODOOPOS_LOGIN": "assay",
    "ODOOPOS_KEY": "estate-odoopos-key",
    "ODOO_ALLOW_ADMIN": "yes",
}


def seed(world: World, path: Path) -> None:
    """Write the tills' database; ids of buyers and goods are those of the ERP."""

    def fill(connection: sqlite3.Connection, insert: Insert) -> None:
        insert("pos.config", name="Outlet")
        for name in ("Cash", "Card"):
            insert("pos.payment.method", name=name)
        crowns = connection.execute("select id from res_currency where name = 'CZK'").fetchone()[0]
        for model in STREAMS.values():
            currency = {"currency_id": crowns} if model == "pos.session" else {}
            for _, at, values in world.part("odoopos").objects[model]:
                stamps = dict.fromkeys(("create_date", "write_date"), at.strftime(STAMP))
                insert(model, **{name: _stored(value) for name, value in values.items()}, **stamps, **currency)

    create_database(path, CREDENTIALS["ODOOPOS_DB"], {"assay": CREDENTIALS["ODOOPOS_KEY"]}, world.now, fill)


def keys(path: Path, stream: str) -> list[str]:
    """The ids of the stream's records, in order."""
    return events.keys(path, STREAMS[stream])


def touch(path: Path, stream: str, key: str, at: datetime, **fields: Any) -> None:
    """Write `fields` as somebody would; the record's write_date becomes `at`."""
    events.touch(path, STREAMS[stream], key, at, **fields)


def delete(path: Path, stream: str, key: str, at: datetime) -> None:
    """Delete a record and what hangs on it."""
    events.delete(path, STREAMS[stream], key, at)


def _stored(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.strftime(STAMP)
    return float(value) if isinstance(value, Decimal) else value
