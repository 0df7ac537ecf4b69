"""One database of the demo Odoo: its SQLite file, its models with the fields added to them, its clock and its users."""

from __future__ import annotations

import re
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from sources.estate.endpoints import clock
from sources.odoo.demo.models import SQL_TYPES, Model, custom_field, models

IN = "in (select value from json_each(?))"
STAMP = "%Y-%m-%d %H:%M:%S"
_STAMPS = ("create_date text", "write_date text", "create_uid integer", "write_uid integer")
_INDEXES = (
    "create unique index ir_model_data_name on ir_model_data (module, name)",
    "create index ir_model_data_record on ir_model_data (model, res_id)",
    "create index res_partner_parent on res_partner (parent_id)",
    "create index product_product_template on product_product (product_tmpl_id)",
    "create index product_product_barcode on product_product (barcode)",
    "create index product_pricelist_item_list on product_pricelist_item (pricelist_id)",
    "create index product_pricelist_item_product on product_pricelist_item (product_id)",
    "create index attribute_line_template on product_template_attribute_line (product_tmpl_id)",
    "create index attribute_value_line on product_template_attribute_value (attribute_line_id)",
)


class Store:
    """An open database. Calls are transactions, one at a time, as if every one locked everything."""

    def __init__(self, path: Path):
        self.connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=30)
        self.connection.execute("pragma journal_mode=WAL")
        self.connection.execute("pragma synchronous=OFF")
        self.connection.create_function("odoo_like", 3, _like, deterministic=True)
        self._lock = threading.RLock()
        self._folder = path.parent if self._setting("now") else None
        self.name = self._setting("database")
        self.added_fields = False
        self.refresh()

    def refresh(self) -> None:
        """Read again which fields this database has besides Odoo's own."""
        self.models: dict[str, Model] = models()
        added = "select model, name, ttype from ir_model_fields where state = 'manual'"
        for model, name, kind in self.connection.execute(added):
            self.models[model].add(custom_field(name, kind))

    def now(self) -> str:
        """The database's clock in UTC, to the second: the simulated retailer's if it is part of one."""
        return (clock(self._folder) if self._folder else datetime.now(UTC)).strftime(STAMP)

    def user(self, login: str | None, key: str | None) -> int | None:
        """Id of the active user with this key, and this login where one is given."""
        row = self.connection.execute(
            "select u.id, u.login from api_keys k join res_users u on u.login = k.login where k.key = ? and u.active",
            (key,),
        ).fetchone()
        return row[0] if row and login in (None, row[1]) else None

    def may_administrate(self, uid: int) -> bool:
        row = self.connection.execute(
            "select 1 from api_keys k join res_users u on u.login = k.login where u.id = ? and k.admin", (uid,)
        ).fetchone()
        return bool(row)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All that happens inside is kept, or nothing."""
        with self._lock:
            self.connection.execute("begin immediate")
            try:
                yield
            except BaseException:
                self.connection.execute("rollback")
                if self.added_fields:
                    self.refresh()
                raise
            self.connection.execute("commit")

    def close(self) -> None:
        with self._lock:
            self.connection.close()

    def _setting(self, name: str) -> str | None:
        row = self.connection.execute("select value from settings where name = ?", (name,)).fetchone()
        return row and row[0]


def create_tables(connection: sqlite3.Connection) -> None:
    """The tables of an empty database."""
    connection.execute("create table settings (name text primary key, value text)")
    connection.execute("create table api_keys (login text, key text primary key, admin integer)")
    for model in models().values():
        own = [f for f in model.columns if f.name not in ("create_date", "write_date", "create_uid", "write_uid")]
        columns = [f'"{f.name}" {SQL_TYPES.get(f.type, "text")}' for f in own]
        declared = ", ".join(["id integer primary key autoincrement", *columns, *_STAMPS])
        connection.execute(f"create table {model.table} ({declared})")
    for statement in _INDEXES:
        connection.execute(statement)


def _like(value: str | None, pattern: str, fold: int) -> bool:
    if value is None:
        return False
    parts = re.split(r"([%_])", pattern)
    expression = "".join({"%": ".*", "_": "."}.get(part, re.escape(part)) for part in parts)
    return re.fullmatch(expression, value, re.S | (re.I if fold else 0)) is not None
