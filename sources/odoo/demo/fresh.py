"""A fresh database of the demo Odoo: company, users with their API keys, countries, units; no customers or products."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from sources.estate.state import seeding
from sources.odoo.demo.countries import COUNTRIES, CURRENCIES, LANGUAGES
from sources.odoo.demo.models import models
from sources.odoo.demo.store import STAMP, create_tables

STEWARD = "steward"
Insert = Callable[..., int]


def create_database(
    path: Path,
    database: str,
    keys: dict[str, str],
    now: datetime | None = None,
    fill: Callable[[sqlite3.Connection, Insert], None] | None = None,
) -> None:
    """Write a database to `path`: `keys` are API keys by login, the first one an administrator's.

    With `now` its clock is the retailer's and goes on from there, else it is the machine's. `fill` adds records.
    """
    with seeding(path, ()) as connection:
        create_tables(connection)
        connection.execute("insert into settings values ('database', ?)", (database,))
        if now is not None:
            connection.execute("insert into settings values ('now', ?)", (now.strftime(STAMP),))
        insert = inserter(connection, now or datetime.now(UTC))
        _company(insert, keys)
        for number, (login, key) in enumerate(keys.items()):
            connection.execute("insert into api_keys values (?, ?, ?)", (login, key, int(number == 0)))
        _registry(insert)
        if fill:
            fill(connection, insert)


def inserter(connection: sqlite3.Connection, now: datetime) -> Insert:
    """A function that inserts a row by model and column values, with defaults, and returns its id."""
    stamps = {"create_date": now.strftime(STAMP), "write_date": now.strftime(STAMP), "create_uid": 1, "write_uid": 1}
    known = models()

    def insert(model: str, /, **values: object) -> int:
        defaults = {f.name: f.default for f in known[model].columns if f.default is not None}
        row = defaults | stamps | values
        names = ", ".join(f'"{name}"' for name in row)
        sql = f"insert into {known[model].table} ({names}) values ({', '.join('?' * len(row))})"
        return connection.execute(sql, tuple(row.values())).lastrowid

    return insert


def _company(insert: Insert, keys: dict[str, str]) -> None:
    for name, (symbol, active) in CURRENCIES.items():
        insert("res.currency", name=name, symbol=symbol, active=int(active))
    for code, name in COUNTRIES.items():
        insert("res.country", code=code, name=name)
    for code, (name, active) in LANGUAGES.items():
        insert("res.lang", code=code, iso_code=code[:2], name=name, active=int(active))
    for name in ("Units", "kg", "g", "l"):
        insert("uom.uom", name=name)
    for name in ("Goods", "Expenses", "Services"):
        insert("product.category", name=name)
    _partner(insert, "My Company", is_company=1)
    insert("res.company", name="My Company", partner_id=1)
    users = [("__system__", "OdooBot", 0, 0), *((login, login.capitalize(), 1, 0) for login in keys)]
    for login, name, active, share in [*users, ("public", "Public user", 0, 1)]:
        partner = _partner(insert, name, active=active)
        insert("res.users", login=login, partner_id=partner, active=active, share=share)


def _partner(insert: Insert, name: str, **values: object) -> int:
    return insert("res.partner", name=name, complete_name=name, lang="en_US", **values)


def _registry(insert: Insert) -> None:
    """What the models say about themselves in ir.model and ir.model.fields."""
    known = models()
    ids = {name: insert("ir.model", name=name, model=name) for name in known}
    for name, model in known.items():
        for f in model.fields.values():
            about = {"model": name, "model_id": ids[name], "field_description": f.name, "relation": f.relation}
            flags = {"required": int(f.required), "readonly": int(f.readonly), "store": int(f.stored), "state": "base"}
            insert("ir.model.fields", name=f.name, ttype=f.type, **about, **flags)
