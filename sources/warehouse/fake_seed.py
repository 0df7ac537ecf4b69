"""The warehouse on its first day: stock of what the web shop sells, a parcel and its movements for each order.

What was refunded came back, and so did what was exchanged, as far as it has arrived.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pyarrow.compute as pc

from sources.estate.guests import Part, dice, tuples
from sources.estate.world import World
from sources.shopify.fake_seed import came_back, under_way

_MOST = 400
_CARRIERS = ("PPL", "DPD", "GLS")


def invent(world: World) -> Part:
    """The warehouse's part of the retailer."""
    shop = world.listings.filter(pc.equal(world.listings["system"], "shopify"))
    goods = {key: (sku.strip(), gtin) for key, sku, gtin in tuples(shop, ["key", "sku", "gtin"]) if sku}
    names = {key: name for key, name in tuples(world.orders, ["key", "name"])}
    sent = sorted(
        (at + timedelta(hours=20), key)
        for key, at, status in tuples(world.orders, ["key", "created_at", "financial_status"])
        if status != "pending"
    )[-_MOST:]
    chosen = {key: at for at, key in sent if at < world.now.replace(tzinfo=None) - timedelta(hours=2)}
    lines = [
        row
        for row in tuples(world.order_lines, ["order_key", "line", "listing_key", "quantity"])
        if row[0] in chosen and row[2] in goods
    ]
    moved = [(chosen[order], item, order, -pieces, "sale") for order, _, item, pieces in lines]
    moved += [
        (max(at, chosen[order]), item, order, pieces, "return")
        for at, order, item, pieces in _returned(world)
        if order in chosen and item in goods
    ]
    return Part(
        {
            "stock": _stock(world, goods),
            "movement": [_movement(n, at, goods[item][0], order, pieces, why)
                         for n, (at, item, order, pieces, why) in enumerate(moved)],
            "shipment": [_shipment(n, at, key, names[key]) for n, (key, at) in enumerate(chosen.items())],
        }
    )  # fmt: skip


def _returned(world: World) -> Iterator[tuple[datetime, str, str, int]]:
    """(when it arrived, order, item, pieces): all of an order whose money went back, else its first line."""
    lines: dict[str, list[tuple[str, int]]] = {}
    for order, item, pieces in tuples(world.order_lines, ["order_key", "listing_key", "quantity"]):
        lines.setdefault(order, []).append((item, pieces))
    orders = world.orders.select(["key", "updated_at", "financial_status"]).to_pylist()
    for number, order, given_back in came_back(orders):
        if not under_way(number, given_back):
            own = lines[order["key"]] if given_back else lines[order["key"]][:1]
            yield from ((order["updated_at"], order["key"], item, pieces) for item, pieces in own)


def _stock(world: World, goods: dict[str, tuple[str, str]]) -> list[tuple[str, datetime, dict[str, Any]]]:
    rng, found = dice(world, "warehouse"), {}
    for sku, gtin in list(goods.values())[:_MOST]:
        at = (world.now - timedelta(hours=int(rng.integers(6, 11)))).replace(tzinfo=None)
        body = {
            "location": "W1",
            "sku": sku,
            "gtin": gtin,
            "on_hand": int(rng.integers(0, 60)),
            "reserved": int(rng.integers(0, 4)),
            "counted_at": _stamp(at),
        }
        found[f"W1-{sku}"] = (f"W1-{sku}", at, body)
    return list(found.values())


def _movement(
    number: int, at: datetime, sku: str, order: str, pieces: int, why: str
) -> tuple[str, datetime, dict[str, Any]]:
    body = {
        "movement_no": f"M{50_001 + number}",
        "moved_at": _stamp(at),
        "location": "W1",
        "sku": sku,
        "quantity": pieces,
        "reason": why,
        "reference": f"shopify:{order}",
        "note": "",
    }
    return body["movement_no"], at, body


def _shipment(number: int, at: datetime, order: str, name: str) -> tuple[str, datetime, dict[str, Any]]:
    body = {
        "shipment_no": f"S{70_001 + number}",
        "order_reference": f"shopify:{order}",
        "carrier": _CARRIERS[number % 3],
        "tracking_no": f"{_CARRIERS[number % 3]}{number:09}{name.strip('#')}",
        "weight_g": 400 + 37 * (number % 50),
        "shipped_at": _stamp(at + timedelta(hours=1)),
        "status": "delivered" if number % 5 else "shipped",
    }
    return body["shipment_no"], at, body


def _stamp(at: datetime) -> str:
    return at.replace(microsecond=0).isoformat() + "Z"
