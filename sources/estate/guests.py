"""Systems that joined the retailer later: what each has is invented in its own folder, from the people and goods here.

A guest's `fake_seed.py` has `invent(world) -> Part`. It may ask for other guests' parts, so that an order in one system
has its payment in another.
"""

from __future__ import annotations

import importlib
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sources.estate.appearances import written_down
from sources.estate.encounters import visit
from sources.estate.state import put, seeding

if TYPE_CHECKING:
    from sources.estate.world import World

_FEWEST, _SHARE = 36, 0.015


@dataclass(frozen=True)
class Part:
    """What one system has: `objects` by kind as (key, time of change, body); the truth behind its records.

    `appearances` is shaped as tables.APPEARANCES, `variants` says which true variant each record id is.
    """

    objects: dict[str, list[tuple[str, datetime, Any]]]
    appearances: pa.Table | None = None
    variants: dict[str, str] = field(default_factory=dict)


def invent(world: World, system: str) -> Part:
    """The part of a system, by its own fake_seed.py."""
    return importlib.import_module(f"sources.{system}.fake_seed").invent(world)


def seed_part(world: World, system: str, path: Path) -> None:
    """Write a system's state at `path`."""
    with seeding(path) as connection:
        for kind, objects in world.part(system).objects.items():
            put(connection, kind, objects)


def dice(world: World, system: str) -> np.random.Generator:
    """The system's own source of chance: no system's content depends on which others there are."""
    return np.random.default_rng([world.seed, 20, zlib.crc32(system.encode())])


def customers_of(
    world: World, system: str, habit: str, key: Callable[[int], str], who: Iterable[int] | None = None
) -> pa.Table:
    """Customer rows of a system, as its `habit` (see habits.py) writes down people: `who`, or some of all."""
    rng, people = dice(world, system), world.people
    if who is None:
        count = min(len(people), max(_FEWEST, round(len(people) * _SHARE)))
        who = rng.choice(len(people), count, replace=False)
    now = np.datetime64(world.now.replace(tzinfo=None), "us")
    met = visit(people, np.array(sorted(who), dtype=np.int64), rng, now)
    return written_down(system, habit, people, met, rng, key)


def persons(table: pa.Table) -> list[int]:
    """Which people stand behind customer rows, counted as in People; companies are left out."""
    return [int(one[7:]) for one in table["person_id"].to_pylist() if one.startswith("person-")]


def at_the_till(world: World) -> list[tuple]:
    """(key, name, SKU, price, tax rate) of each article that every store sells at one regular price."""
    of_tills = pc.equal(world.prices["system"], "pos")
    asked = ["listing_key", "amount", "tax_rate", "valid_to_at", "store_code", "kind"]
    price = {
        key: (amount, rate)
        for key, amount, rate, until, store, kind in tuples(world.prices.filter(of_tills), asked)
        if (until, store, kind) == (None, None, "regular")
    }
    articles = world.listings.filter(pc.equal(world.listings["system"], "pos"))
    return [
        (key, name, sku, *price[key]) for key, name, sku in tuples(articles, ["key", "name", "sku"]) if key in price
    ]


def at_retail(world: World) -> dict[str, Any]:
    """The regular price of now of each of Odoo's variants that has one on the retail list."""
    prices = world.prices.filter(pc.equal(world.prices["price_list"], "retail_czk"))
    asked = ["system", "listing_key", "amount", "valid_to_at", "min_quantity", "kind", "store_code"]
    return {
        key: amount
        for system, key, amount, until, quantity, kind, store in tuples(prices, asked)
        if (system, until, quantity, kind, store) == ("odoo", None, 1, "regular", None)
    }


def tuples(table: pa.Table, columns: list[str]) -> Iterator[tuple]:
    """The rows of some columns."""
    return zip(*(table[name].to_pylist() for name in columns), strict=True)
