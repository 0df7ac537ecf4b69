"""The simulated retailer as tables: the same profile and seed give the same tables.

Profiles, the clock and the assembly of the parts belong here; each part is made in its own module.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sources.estate import truth
from sources.estate.appearances import appearances
from sources.estate.catalogue import make_catalogue
from sources.estate.companies import make_companies
from sources.estate.encounters import meet
from sources.estate.guests import Part, invent
from sources.estate.listings import make_listings, sold_where
from sources.estate.people import People, make_people
from sources.estate.pricing import CONFLICTS, make_prices
from sources.estate.trade import charges, loyalty, orders, receipts, stores

NOW = datetime(2026, 3, 29, 15, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Profile:
    """How large a retailer is: `customers` are people and companies together; sales and prices go back some days."""

    stores: int
    customers: int
    variants: int
    sales_days: int
    receipts_per_day: int
    price_days: int
    conflicts: tuple[int, ...]  # in the order of pricing.CONFLICTS
    guests: bool = False  # whether the systems of guests.py belong to it


PROFILES = {
    "retailer2": Profile(2, 400, 60, 3, 12, 3, (2, 1, 1, 1, 1, 1)),
    "retailer3": Profile(3, 400, 60, 3, 12, 3, (2, 1, 1, 1, 1, 1), guests=True),
    "retailer10": Profile(10, 20_000, 3_000, 30, 40, 7, (15, 6, 15, 5, 9, 15)),
    "retailer40": Profile(40, 250_000, 30_000, 90, 139, 30, (150, 60, 150, 50, 90, 150)),
}


@dataclass(frozen=True)
class World:
    """The retailer's tables, shaped as in `tables.SCHEMAS`, and what was planted in them."""

    profile: str
    seed: int
    now: datetime
    appearances: pa.Table
    templates: pa.Table
    variants: pa.Table
    listings: pa.Table
    prices: pa.Table
    stores: pa.Table
    receipts: pa.Table
    receipt_lines: pa.Table
    orders: pa.Table
    order_lines: pa.Table
    charges: pa.Table
    loyalty: pa.Table
    planted: truth.Planted
    people: People
    parts: dict[str, Part] = field(default_factory=dict)

    def part(self, system: str) -> Part:
        """What a guest system has; invented when first asked for."""
        if system not in self.parts:
            self.parts[system] = invent(self, system)
        return self.parts[system]

    def truth(self, path: Path, guests: Iterable[str] = ()) -> None:
        """Write below `path` what is really the same, guests' records too, and every trap; for the scorer only."""
        parts = [self.part(system) for system in guests]
        met = [part.appearances for part in parts if part.appearances is not None]
        variants = {record: variant for part in parts for record, variant in part.variants.items()}
        truth.write(path, pa.concat_tables([self.appearances, *met]), self.listings, self.planted, variants)


def generate(profile: str, seed: int = 7) -> World:
    """The whole retailer; `profile` is a name in PROFILES."""
    size, now = PROFILES[profile], np.datetime64(NOW.replace(tzinfo=None), "us")
    firms = size.customers // 25
    people = make_people(size.customers - firms - 2, seed, now)  # and the twin sisters of scenarios.py
    companies = make_companies(firms, people, seed)
    met = meet(people, companies.contact, size.stores, seed, now)
    rows = appearances(people, companies, met, size.stores, seed, now)
    goods = make_catalogue(size.variants, seed)
    listed = make_listings(goods, seed, now)
    conflicts = dict(zip(CONFLICTS, size.conflicts, strict=True))
    prices, planted_prices = make_prices(goods, listed, size.stores, size.price_days, conflicts, seed)
    of = {
        system: rows.filter(pc.equal(rows["system"], system)) for system in ("pos", "shopify", "stripe", "voucherify")
    }
    articles = listed.table.filter(pc.equal(listed.table["system"], "pos"))
    shop = listed.table.filter(pc.equal(listed.table["system"], "shopify"))
    till_prices = prices.filter(pc.equal(prices["system"], "pos"))
    shop_prices = prices.filter(pc.equal(prices["system"], "shopify"))
    sold, lines = receipts(
        of["pos"], articles, till_prices, size.stores, size.sales_days, size.receipts_per_day, seed, now
    )
    placed, order_lines = orders(of["shopify"], shop, shop_prices, seed, now)
    return World(
        profile=profile,
        seed=seed,
        now=NOW,
        appearances=rows,
        templates=goods.templates(sold_where(listed, goods)),
        variants=goods.variants(),
        listings=listed.table,
        prices=prices,
        stores=stores(size.stores),
        receipts=sold,
        receipt_lines=lines,
        orders=placed,
        order_lines=order_lines,
        charges=charges(of["stripe"], placed, seed),
        loyalty=loyalty(of["voucherify"], seed),
        planted=truth.Planted(truth.traps(people, rows), listed.planted, planted_prices),
        people=people,
    )
