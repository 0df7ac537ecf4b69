"""A stand-in for the call centre: a workbook written over each day, orders as cp1250 with decimal commas."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sources.estate import drops
from sources.estate.drops import Feed, Folder
from sources.estate.guests import seed_part
from sources.estate.world import World

CREDENTIALS: dict[str, str] = {}
place = Folder
_ZONE = ZoneInfo("Europe/Prague")


def _spelt(field: str, value: Any) -> Any:
    """Amounts with a comma and thousands apart, times in Prague; a number that looks like one becomes one."""
    if field == "unit_price":
        return f"{float(value):,.2f}".replace(",", " ").replace(".", ",")
    if field == "tax_rate":
        return value.replace(".", ",")
    if field == "ordered_at":
        return datetime.fromisoformat(value).replace(tzinfo=UTC).astimezone(_ZONE).strftime("%d.%m.%Y %H:%M")
    if field in ("phone", "zip") and value and value.isdigit():
        return int(value)
    return value


FEEDS = {
    "customers": Feed(
        kind="customer",
        name="customers.xlsx",
        full=True,
        spell=_spelt,
        header={
            "customer_no": "Customer no", "name": "Name", "company": "Company", "phone": "Phone", "email": "E-mail",
            "street": "Street", "city": "City", "zip": "ZIP", "country": "Country", "consent": "May call",
            "note": "Note",
        },
    ),
    "orders": Feed(
        kind="order",
        name="orders_{stamp}.csv",
        encoding="cp1250",
        zone="Europe/Prague",
        spell=_spelt,
        header={
            "order_no": "Order", "line": "Line", "ordered_at": "Ordered", "customer_no": "Customer", "sku": "Article",
            "quantity": "Pieces", "unit_price": "Price", "currency": "Currency", "tax_rate": "Tax %",
            "payment": "Payment", "note": "Note",
        },
    ),
}  # fmt: skip
STREAMS = {stream: feed.kind for stream, feed in FEEDS.items()}


def seed(world: World, path: Path) -> None:
    """Write the call centre's state and its first files."""
    seed_part(world, "telesales", path)
    drops.emptied(path)
    for feed in FEEDS.values():
        drops.send(path, feed, world.now - timedelta(hours=6))


def touch(path: Path, stream: str, key: str, at: datetime, **fields: Any) -> None:
    """An agent corrects a line, and the next file brings it."""
    drops.touch(path, FEEDS[stream], key, at, fields)


def delete(path: Path, stream: str, key: str, at: datetime) -> None:
    """An agent deletes a line of the workbook; orders stay."""
    drops.delete(path, FEEDS[stream], key, at)


def resend(path: Path, stream: str, at: datetime, without: str | None) -> None:
    """A file without a column, or the same as it should have been."""
    drops.resend(path, FEEDS[stream], at, without)
