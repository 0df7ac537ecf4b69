"""A stand-in for the suppliers: a workbook of all articles and a text of all prices, each time anew."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from sources.estate import drops
from sources.estate.drops import Feed, Folder
from sources.estate.guests import seed_part
from sources.estate.world import World

CREDENTIALS: dict[str, str] = {}
place = Folder


def _spelt(field: str, value: Any) -> Any:
    """GTINs as the numbers that a spreadsheet takes them for; amounts with a comma, days with points."""
    if field == "gtin" and value and value.isdigit():
        return int(value)
    if field == "listed_on" and value:
        return date.fromisoformat(value)
    if field == "valid_from_on":
        return f"{date.fromisoformat(value):%d.%m.%Y}"
    if field in ("cost_amount", "recommended_amount", "tax_rate") and value:
        return f"{float(value):,.2f}".replace(",", " ").replace(".", ",").replace(" ", ".")
    return value


FEEDS = {
    "articles": Feed(
        kind="article",
        name="articles_{stamp}.xlsx",
        full=True,
        zone="Europe/Prague",
        spell=_spelt,
        header={
            "article_no": "Article no.", "gtin": "EAN", "sku": "Your no.", "name": "Description", "brand": "Brand",
            "option_1": "Option 1", "option_2": "Option 2", "weight_kg": "Weight kg", "unit": "Unit",
            "listed_on": "Listed since", "note": "Note",
        },
    ),
    "prices": Feed(
        kind="price",
        name="prices_{stamp}.csv",
        full=True,
        zone="Europe/Prague",
        encoding="cp1252",
        spell=_spelt,
        header={
            "article_no": "Article no.", "cost_amount": "Net cost", "recommended_amount": "Recommended price incl. tax",
            "tax_rate": "Tax %", "currency": "Currency", "valid_from_on": "Valid from", "note": "Note",
        },
    ),
}  # fmt: skip
STREAMS = {stream: feed.kind for stream, feed in FEEDS.items()}


def seed(world: World, path: Path) -> None:
    """Write the suppliers' state and their first files."""
    seed_part(world, "supplier", path)
    drops.emptied(path)
    for feed in FEEDS.values():
        drops.send(path, feed, world.now - timedelta(hours=30))


def touch(path: Path, stream: str, key: str, at: datetime, **fields: Any) -> None:
    """A supplier changes an article or a price; the next catalogue has it."""
    drops.touch(path, FEEDS[stream], key, at, fields)


def delete(path: Path, stream: str, key: str, at: datetime) -> None:
    """A supplier delists it; the next catalogue no longer has it."""
    drops.delete(path, FEEDS[stream], key, at)


def resend(path: Path, stream: str, at: datetime, without: str | None) -> None:
    """A file without a column, or the same as it should have been."""
    drops.resend(path, FEEDS[stream], at, without)
