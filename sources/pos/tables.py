"""The tables of the POS database, portable between SQLite, PostgreSQL and MariaDB.

SQLite keeps amounts and times as text, so that no amount ever passes through a float. No data here.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.mysql import DATETIME

METADATA = sa.MetaData()
CODE, TEXT = sa.String(40), sa.String(200)


def _money() -> sa.types.TypeEngine:
    return sa.Numeric(12, 2).with_variant(sa.Text(), "sqlite")


def _rate() -> sa.types.TypeEngine:
    return sa.Numeric(5, 2).with_variant(sa.Text(), "sqlite")


def _when() -> sa.types.TypeEngine:
    return sa.DateTime().with_variant(sa.Text(), "sqlite").with_variant(DATETIME(fsp=6), "mysql", "mariadb")


def _day() -> sa.types.TypeEngine:
    return sa.Date().with_variant(sa.Text(), "sqlite")


def _table(name: str, key: str, *columns: sa.Column, indexed: bool = True) -> sa.Table:
    """A table with its key and the time of its last change by the database's clock, in UTC."""
    updated = sa.Column("updated_at", _when(), nullable=False)
    index = [sa.Index(f"{name}_by_update", updated, sa.text(key))] if indexed else []
    return sa.Table(name, METADATA, sa.Column(key, CODE, primary_key=True), *columns, updated, *index)


def _texts(*names: str) -> list[sa.Column]:
    return [sa.Column(name, TEXT) for name in names]


STORES = _table(
    "stores",
    "store_code",
    *_texts("name", "street", "city", "zip", "country_code", "timezone", "email", "phone"),
    indexed=False,
)
CUSTOMERS = _table(
    "customers",
    "customer_code",
    sa.Column("store_code", CODE, nullable=False),
    *_texts("first_name", "last_name", "company_name", "vat", "email", "phone", "mobile"),
    *_texts("street", "city", "zip", "country_code"),
    sa.Column("birth_on", _day()),
    *_texts("loyalty_code", "language"),
    sa.Column("accepts_marketing", sa.Boolean()),
    sa.Column("is_deleted", sa.Boolean(), nullable=False),
    sa.Column("created_at", _when(), nullable=False),
    sa.Column("changed_at", _when(), nullable=False),
)
ARTICLES = _table(
    "articles",
    "article_code",
    *_texts("sku", "gtin", "name", "brand", "option_1_name", "option_1", "option_2_name", "option_2"),
    sa.Column("weight_g", sa.Integer()),
    *_texts("uom", "category"),
    sa.Column("tax_rate", _rate()),
    sa.Column("is_active", sa.Boolean(), nullable=False),
    sa.Column("created_at", _when()),
)
PRICES = _table(
    "prices",
    "price_code",
    sa.Column("article_code", CODE, nullable=False),
    *_texts("price_list"),
    sa.Column("store_code", CODE),
    sa.Column("currency", sa.String(3), nullable=False),
    sa.Column("amount", _money(), nullable=False),
    sa.Column("tax_basis", sa.String(5), nullable=False),
    sa.Column("tax_rate", _rate(), nullable=False),
    sa.Column("min_quantity", sa.Integer(), nullable=False),
    sa.Column("valid_from_at", _when()),
    sa.Column("valid_to_at", _when()),
    sa.Column("kind", sa.String(20), nullable=False),
)
RECEIPTS = _table(
    "receipts",
    "receipt_code",
    sa.Column("store_code", CODE, nullable=False),
    sa.Column("till", sa.Integer(), nullable=False),
    sa.Column("number", sa.Integer(), nullable=False),
    sa.Column("customer_code", CODE),
    sa.Column("currency", sa.String(3), nullable=False),
    sa.Column("total_amount", _money(), nullable=False),
    sa.Column("payment", sa.String(10), nullable=False),
    sa.Column("sold_at", _when(), nullable=False),
)
RECEIPT_LINES = _table(
    "receipt_lines",
    "line_code",
    sa.Column("receipt_code", CODE, nullable=False),
    sa.Column("line", sa.Integer(), nullable=False),
    sa.Column("store_code", CODE, nullable=False),
    sa.Column("article_code", CODE, nullable=False),
    sa.Column("quantity", sa.Integer(), nullable=False),
    sa.Column("unit_amount", _money(), nullable=False),
    sa.Column("total_amount", _money(), nullable=False),
    sa.Column("tax_rate", _rate(), nullable=False),
    sa.Column("sold_at", _when(), nullable=False),
)
TENDERS = _table(
    "tenders",
    "tender_code",
    sa.Column("receipt_code", CODE, nullable=False),
    sa.Column("store_code", CODE, nullable=False),
    sa.Column("kind", sa.String(10), nullable=False),
    sa.Column("method", sa.String(10), nullable=False),
    sa.Column("currency", sa.String(3), nullable=False),
    sa.Column("amount", _money(), nullable=False),
    sa.Column("paid_at", _when(), nullable=False),
)
POINTS = _table(
    "points",
    "booking_code",
    sa.Column("receipt_code", CODE, nullable=False),
    sa.Column("store_code", CODE, nullable=False),
    sa.Column("customer_code", CODE),
    *_texts("loyalty_code"),
    sa.Column("points", sa.Integer(), nullable=False),
    sa.Column("booked_at", _when(), nullable=False),
)
STOCK_LEVELS = _table(
    "stock_levels",
    "stock_code",
    sa.Column("store_code", CODE, nullable=False),
    sa.Column("article_code", CODE, nullable=False),
    sa.Column("on_hand", sa.Integer(), nullable=False),
    sa.Column("reserved", sa.Integer(), nullable=False),
    sa.Column("counted_at", _when(), nullable=False),
)
