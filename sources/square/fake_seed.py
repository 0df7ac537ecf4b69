"""The pop-up stands on their first day: two locations, customers, orders and their card payments.

What they sell is in fake_catalog.py, points for it in fake_loyalty.py.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import numpy as np

from sources.estate.appearances import opaque
from sources.estate.guests import Part, customers_of, dice
from sources.estate.world import World
from sources.square.fake_catalog import catalogue, taxes
from sources.square.fake_loyalty import collected

Object = tuple[str, datetime, dict[str, Any]]
LOCATIONS = ("L0MAINSTAND", "L1MARKETSTAND")


def invent(world: World) -> Part:
    """The stands' part of the retailer."""
    people = customers_of(world, "square", "pos", lambda n: opaque("square", n, 26).upper())
    orders = _orders(world, people["key"].to_pylist())
    items, variations, variants = catalogue(world)
    places = [(key, _at(world, 900), _location(number, key)) for number, key in enumerate(LOCATIONS)]
    accounts, points = collected(orders)
    payments = [_payment(number, body, at) for number, (_, at, body) in enumerate(orders)]
    objects = {
        "customer": [_customer(row) for row in people.to_pylist()],
        "order": orders,
        "payment": payments,
        "refund": [
            _refund(number, body, at) for number, (_, at, body) in enumerate(payments) if "refunded_money" in body
        ],
        "count": [
            _count(world, number, key, place) for number, (key, _, _) in enumerate(variations) for place in LOCATIONS
        ],
        "tax": taxes(_at(world, 900)),
        "loyalty_account": accounts,
        "event": points,
        "location": places,
        "item": items,
        "variation": variations,
    }
    return Part(objects, people, variants)


def stamp(at: datetime) -> str:
    """As Square writes times."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03}Z"


def _at(world: World, days: float) -> datetime:
    return (world.now - timedelta(days=days)).replace(tzinfo=None, microsecond=0)


def _location(number: int, key: str) -> dict[str, Any]:
    return {"id": key, "name": ("Main stand", "Market stand")[number], "status": "ACTIVE", "currency": "CZK"}


def _customer(row: dict[str, Any]) -> Object:
    updated = row["updated_at"].replace(microsecond=0)
    told = {
        "given_name": row["first_name"],
        "family_name": row["last_name"],
        "company_name": row["company_name"],
        "email_address": row["email"],
        "phone_number": row["phone"] or row["mobile"],
        "birthday": row["birth_on"] and row["birth_on"].isoformat(),
    }
    body = {name: value for name, value in told.items() if value}
    body |= {"id": row["key"], "created_at": stamp(row["created_at"]), "updated_at": stamp(updated), "version": 1}
    return row["key"], updated, {**body, "creation_source": "THIRD_PARTY"}


def _orders(world: World, customers: list[str]) -> list[Object]:
    rng, found = dice(world, "square"), []
    for number, ago in enumerate((np.sort(rng.random(56))[::-1] * 100).tolist()):
        at, total = _at(world, 1 + ago), int(rng.integers(5_000, 300_000))
        net = round(total / 1.21)
        body = {
            "id": opaque("square-order", number, 22),
            "location_id": LOCATIONS[number % 2],
            "customer_id": customers[int(rng.integers(len(customers)))],
            "created_at": stamp(at - timedelta(minutes=3)),
            "updated_at": stamp(at),
            "closed_at": stamp(at),
            "state": "COMPLETED",
            "version": 4,
            "line_items": [{"uid": f"line{number}", "name": "Goods", "quantity": "1", "total_money": _money(total)}],
            "total_money": _money(total),
            "total_tax_money": _money(total - net),
        }
        found.append((body["id"], at, body))
    return found


def _payment(number: int, order: dict[str, Any], at: datetime) -> Object:
    body = {
        "id": opaque("square-payment", number, 22),
        "location_id": order["location_id"],
        "order_id": order["id"],
        "customer_id": order["customer_id"],
        "created_at": order["created_at"],
        "updated_at": order["updated_at"],
        "status": "COMPLETED",
        "source_type": "CARD",
        "amount_money": order["total_money"],
        "total_money": order["total_money"],
    }
    if number % 2:
        at += timedelta(minutes=40)
        body |= {"refunded_money": order["total_money"], "updated_at": stamp(at)}
    return body["id"], at, body


def _refund(number: int, payment: dict[str, Any], at: datetime) -> Object:
    """All of a payment, given back when it was last changed."""
    body = {
        "id": f"{payment['id']}_{opaque('square-refund', number, 22)}",
        "status": "COMPLETED",
        "amount_money": payment["refunded_money"],
        "payment_id": payment["id"],
        "order_id": payment["order_id"],
        "location_id": payment["location_id"],
        "destination_type": "CARD",
        "reason": "Returned",
        "created_at": stamp(at),
        "updated_at": stamp(at),
    }
    return body["id"], at, body


def count_key(count: dict[str, Any]) -> str:
    """What names a count: Square gives it no id."""
    return f"{count['catalog_object_id']}-{count['location_id']}-{count['state']}"


def _count(world: World, number: int, variation: str, place: str) -> Object:
    at = _at(world, 1 + number % 40)
    body = {
        "catalog_object_id": variation,
        "catalog_object_type": "ITEM_VARIATION",
        "state": "IN_STOCK",
        "location_id": place,
        "quantity": str(number * 5 % 23 + LOCATIONS.index(place)),
        "calculated_at": stamp(at),
    }
    return count_key(body), at, body


def _money(amount: int) -> dict[str, Any]:
    return {"amount": amount, "currency": "CZK"}
