"""A stand-in for the tax adviser: one list, written over whenever something changes, with a title above its header."""

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
    if field in ("valid_from_on", "valid_to_on") and value:
        return f"{date.fromisoformat(value):%d.%m.%Y}"
    return value.replace(".", ",") if field == "rate" else value


RATES = Feed(
    kind="rate",
    name="vat_rates.csv",
    full=True,
    encoding="cp1250",
    spell=_spelt,
    above="Rates of value-added tax\r\n\r\n",
    header={
        "country_code": "Country", "category": "Category", "rate": "Rate %", "valid_from_on": "From",
        "valid_to_on": "Until", "note": "Note",
    },
)  # fmt: skip
STREAMS = {"rates": RATES.kind}


def seed(world: World, path: Path) -> None:
    """Write the adviser's state and the list."""
    seed_part(world, "tax", path)
    drops.emptied(path)
    drops.send(path, RATES, world.now - timedelta(days=9))


def touch(path: Path, stream: str, key: str, at: datetime, **fields: Any) -> None:
    """A rate changes, and the list is written anew."""
    drops.touch(path, RATES, key, at, fields)


def delete(path: Path, stream: str, key: str, at: datetime) -> None:
    """A line that was wrong is struck out."""
    drops.delete(path, RATES, key, at)


def resend(path: Path, stream: str, at: datetime, without: str | None) -> None:
    """The list without a column, or the same as it should have been."""
    drops.resend(path, RATES, at, without)
