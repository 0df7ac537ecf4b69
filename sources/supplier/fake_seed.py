"""The suppliers' catalogue on its first day: what Odoo sells, under the suppliers' own numbers, and goods beside it."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pyarrow.compute as pc

from sources.estate.guests import Part, dice, tuples
from sources.estate.world import World

_MOST = 2_000
_CENT = Decimal("0.01")
_UNLISTED = 4


def invent(world: World) -> Part:
    """The suppliers' part of the retailer."""
    rng = dice(world, "supplier")
    listed = world.listings.filter(pc.equal(world.listings["system"], "odoo"))
    prices = world.prices.filter(pc.equal(world.prices["price_list"], "retail_czk"))
    asked = ["system", "listing_key", "amount", "kind"]
    retail = {
        key: amount for system, key, amount, kind in tuples(prices, asked) if (system, kind) == ("odoo", "regular")
    }
    gtins = listed["gtin"].to_pylist()
    rows = [row for row in listed.to_pylist() if row["key"] in retail and row["gtin"] and gtins.count(row["gtin"]) == 1]
    articles, offers, variants = [], [], {}
    for number, row in enumerate(rows[:_MOST]):
        key = f"A-{300_001 + number}"
        since = (world.now - timedelta(days=int(rng.integers(90, 900)))).date()
        articles.append(_article(key, row, since.isoformat(), told=number % 3 == 0))
        offers.append(_offer(key, retail[row["key"]], row["tax_rate"], world.now - timedelta(days=30)))
        variants[f"supplier:{key}"] = row["variant_id"]
    for number in range(_UNLISTED):
        key, name = f"A-{900_001 + number}", f"Catalogue-only article {number + 1}"
        row = {"name": name, "gtin": None, "sku": None, "brand": "Velkoobchod", "weight_g": 500, "uom": "unit"}
        articles.append(_article(key, row, "2025-01-07", told=False))
        variants[f"supplier:{key}"] = f"supplier-only-{number}"
    return Part({"article": articles, "price": offers}, None, variants)


def _article(key: str, row: dict[str, Any], since: str, told: bool) -> tuple[str, datetime, dict[str, Any]]:
    body = {
        "article_no": key,
        "gtin": row["gtin"],
        "sku": row["sku"].strip() if told and row["sku"] else None,
        "name": row["name"],
        "brand": row["brand"],
        "option_1": row.get("option_1"),
        "option_2": row.get("option_2"),
        "weight_kg": row["weight_g"] and row["weight_g"] / 1000,
        "unit": row["uom"],
        "listed_on": since,
        "note": None,
    }
    return key, datetime.fromisoformat(since), body


def _offer(key: str, retail: Decimal, rate: Decimal, since: datetime) -> tuple[str, datetime, dict[str, Any]]:
    net = retail / (1 + rate / 100)
    body = {
        "article_no": key,
        "cost_amount": str((net * Decimal("0.58")).quantize(_CENT, ROUND_HALF_UP)),
        "recommended_amount": str((retail * Decimal("1.1")).quantize(Decimal(1), ROUND_HALF_UP)),
        "tax_rate": str(rate),
        "currency": "CZK",
        "valid_from_on": since.date().isoformat(),
        "note": None,
    }
    return key, since.replace(tzinfo=None), body
