"""Uber Eats on its first day: our stores, their menus at the tills' prices, and orders that wait to be accepted."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

from sources.estate.guests import Part, at_the_till, dice
from sources.estate.world import World

Object = tuple[str, datetime, dict[str, Any]]
_MOST_STORES, _ITEMS, _WAITING = 10, 15, 30
_EATERS = (("Jana", "N."), ("Petr", "K."), ("Eva", "S."), ("Tomáš", "D."))


def invent(world: World) -> Part:
    """The service's part of the retailer. Its eaters are people like others, but no record says which."""
    sold = at_the_till(world)
    places = [_store(row) for row in world.stores.to_pylist()[:_MOST_STORES]]
    menus = [_item(store, article) for _, _, store in places for article in sold[:_ITEMS]]
    waiting = [_order(world, number, places[number % len(places)][2], menus) for number in range(_WAITING)]
    return Part({"store": places, "item": menus, "order": waiting})


def named(kind: str, name: Any) -> str:
    """The id of a store or an order, a UUID."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"https://estate.example/ubereats/{kind}/{name}"))


def stamp(at: datetime) -> str:
    """As Uber Eats writes times."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def money(cents: int) -> dict[str, Any]:
    """An amount in minor units, as it is and as it is shown."""
    return {"amount": cents, "currency_code": "CZK", "formatted_amount": f"{cents / 100:.2f} Kč"}


def _store(row: dict[str, Any]) -> Object:
    body = {
        "store_id": named("store", row["store_code"]),
        "name": row["name"],
        "partner_store_id": row["store_code"],
        "contact_emails": [row["email"]],
        "timezone": row["timezone"],
        "location": {"address": row["street"], "city": row["city"], "postal_code": row["zip"], "country": "CZ"},
        "web_url": f"https://estate.example/ubereats/{row['store_code']}",
        "status": "active",
    }
    return body["store_id"], row["updated_at"], body


def _item(store: dict[str, Any], article: tuple) -> Object:
    key, name, _, price, rate = article
    at = datetime(2026, 3, 1)
    body = {
        "id": key,
        "store": store["store_id"],
        "title": {"translations": {"cs_cz": name}},
        "external_data": key,
        "price_info": {"price": int(price * 100), "overrides": []},
        "tax_info": {"tax_rate": float(rate)},
        "suspension_info": None,
    }
    return f"{store['store_id']}-{key}", at, body


def _order(world: World, number: int, store: dict[str, Any], menus: list[Object]) -> Object:
    rng = dice(world, f"ubereats-{number}")
    offered = [item for _, _, item in menus if item["store"] == store["store_id"]]
    chosen = [offered[int(n)] for n in rng.choice(len(offered), int(rng.integers(1, 4)), replace=False)]
    at, first_last = (world.now - timedelta(seconds=20 * number + 9)).replace(tzinfo=None), _EATERS[number % 4]
    lines, total, key = [], 0, named("order", number)
    for item in chosen:
        pieces, price = int(rng.integers(1, 3)), item["price_info"]["price"]
        total += pieces * price
        prices = {"unit_price": money(price), "total_price": money(pieces * price)}
        name = item["title"]["translations"]["cs_cz"]
        lines.append({"id": item["id"], "title": name, "external_data": item["external_data"], "quantity": pieces,
                      "price": prices})  # fmt: skip
    body = {
        "id": key,
        "display_id": key[-5:].upper(),
        "external_reference_id": "",
        "current_state": "CREATED",
        "store": {"id": store["store_id"], "name": store["name"], "external_reference_id": store["partner_store_id"]},
        "eater": {"first_name": first_last[0], "last_name": first_last[1], "phone": "+420 800 000 112",
                  "phone_code": "4712"},
        "cart": {"items": lines},
        "payment": {"charges": {"total": money(total), "sub_total": money(total), "tax": money(total * 12 // 112)}},
        "placed_at": stamp(at),
    }  # fmt: skip
    return key, at, body
