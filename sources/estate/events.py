"""What happens to the simulated retailer after its first day: changes, deletions and merges at the sources.

Every event moves the estate's own clock or happens at its present time. Trading and outages of stores are in shifts.py.
"""

from __future__ import annotations

import sqlite3
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from sources.estate.endpoints import advance, clock
from sources.estate.server import fakes, systems_of
from sources.estate.state import list_objects, open_state

CHANGING = (
    "customers", "partners", "contacts", "companies", "profiles", "members", "shipments", "products", "variants",
    "listings", "offers", "articles", "prices", "price_lists", "pricelist_items",
)  # fmt: skip


class NotThere(LookupError):
    """A system that this estate does not have, or cannot do what is asked of it; the message says which."""


def change_share(folder: Path, share: float = 0.01, seed: int = 1) -> dict[str, int]:
    """A day on which a share of all customers, products and prices changes; {"system/stream": how many}.

    The clock moves on by an hour before, so that every change is newer than all that was read.
    """
    at, changed = advance(folder, timedelta(hours=1)), {}
    for number, (system, fake) in enumerate(fakes(systems_of(folder.name)).items()):
        path = folder / f"{system}.db"
        if not path.exists():
            continue
        for stream in getattr(fake, "STREAMS", {}):
            if stream not in CHANGING:
                continue
            known = keys(folder, system, stream)
            rng = np.random.default_rng([seed, number, len(known)])
            chosen = np.sort(rng.choice(len(known), round(len(known) * share), replace=False))
            some = [known[row] for row in chosen.tolist()]
            if system == "pos":
                _change_rows(path, stream, some, at)
            else:
                for key in some:
                    fake.touch(path, stream, key, at)
            changed[f"{system}/{stream}"] = len(chosen)
    return changed


def _change_rows(path: Path, table: str, some: list[str], at: datetime) -> None:
    """What changes in a till's row: people move next door, articles gain a gram, prices rise by 3 %."""
    changes = {
        "customers": ("customer_code", "street = street || ' B'"),
        "articles": ("article_code", "weight_g = weight_g + 1"),
        "prices": ("price_code", "amount = printf('%.2f', amount * 1.03)"),
    }
    key, change = changes[table]
    stamp = at.replace(tzinfo=None).isoformat(" ", "microseconds")
    connection = sqlite3.connect(path)
    with connection:
        connection.executemany(
            f"update {table} set {change}, updated_at = ? where {key} = ?", [(stamp, one) for one in some]
        )
    connection.close()


def edit(folder: Path, system: str, stream: str, key: str, **fields: Any) -> None:
    """Change one record now; `fields` are the system's own, as its stand-in keeps them."""
    _of(system, "touch").touch(folder / f"{system}.db", stream, key, clock(folder), **fields)


def delete(folder: Path, system: str, stream: str, key: str) -> None:
    """Delete one record now, the way the system deletes."""
    _of(system, "delete").delete(folder / f"{system}.db", stream, key, clock(folder))


def merge_customers(folder: Path, system: str, kept: str, gone: str) -> None:
    """Merge two customers inside a system that can do so."""
    _of(system, "merge_customers").merge_customers(folder / f"{system}.db", kept, gone, clock(folder))


def reprice(folder: Path, price_code: str, amount: Decimal) -> None:
    """A new amount for one price of the tills."""
    edit(folder, "pos", "prices", price_code, amount=amount)


def rename_column(folder: Path, table: str, column: str, to: str) -> None:
    """Schema drift in the tills' database."""
    with sqlite3.connect(folder / "pos.db") as connection:
        connection.execute(f'alter table "{table}" rename column "{column}" to "{to}"')
    connection.close()


def keys(folder: Path, system: str, stream: str) -> list[str]:
    """The keys of a stream's living records, in order."""
    fake = _of(system, "STREAMS")
    if hasattr(fake, "keys"):
        return fake.keys(folder / f"{system}.db", stream)
    connection = open_state(folder / f"{system}.db")
    found = [stored.id for stored in list_objects(connection, fake.STREAMS[stream])]
    connection.close()
    return found


def _of(system: str, ability: str) -> ModuleType:
    fake = fakes((system,)).get(system)
    if fake is None or not hasattr(fake, ability):
        raise NotThere(f"the stand-in of {system} does not offer {ability!r}")
    return fake
