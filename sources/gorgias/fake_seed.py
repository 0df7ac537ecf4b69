"""The support of telephone sales on its first day: who ordered by telephone, and their tickets about those orders."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sources.estate.guests import Part, customers_of
from sources.estate.world import World

Object = tuple[str, datetime, dict[str, Any]]
_SUBJECTS = ("When will it be sent", "Wrong colour", "Please call me back", "The invoice is missing")


def invent(world: World) -> Part:
    """Support's part of the retailer: every ticket is about a telephone order, by the person who placed it."""
    sales = world.part("hubspot")
    person = dict(zip(sales.appearances["key"].to_pylist(), sales.appearances["person_id"].to_pylist(), strict=True))
    orders = [body for _, _, body in sales.objects["order"]]
    buyers = [person[order["associations"]["contacts"]["results"][0]["id"]] for order in orders]
    asking = sorted({int(one[7:]) for one in buyers})
    people = customers_of(world, "gorgias", "stripe", lambda n: str(510_000_001 + 17 * n), asking)
    customers = {row["person_id"]: _customer(row) for row in people.to_pylist()}
    tickets = [
        _ticket(n, order, customers[buyer][2]) for n, (order, buyer) in enumerate(zip(orders, buyers, strict=True))
    ]
    return Part({"customer": list(customers.values()), "ticket": tickets}, people)


def stamp(at: datetime) -> str:
    """As Gorgias writes times."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.%f+00:00")


def _customer(row: dict[str, Any]) -> Object:
    first, _, last = (row["full_name"] or "").rpartition(" ")
    told = {"email": row["email"], "phone": row["phone"]}
    channels = [
        {"id": 2 * int(row["key"]) + n, "type": kind, "address": address, "preferred": True}
        for n, (kind, address) in enumerate(told.items())
        if address
    ]
    body = {
        "id": int(row["key"]),
        "external_id": None,
        "firstname": first,
        "lastname": last,
        "name": row["full_name"],
        "email": row["email"],
        "language": "cs",
        "timezone": "Europe/Prague",
        "channels": channels,
        "meta": {},
        "created_datetime": stamp(row["created_at"]),
        "updated_datetime": stamp(row["updated_at"]),
    }
    return row["key"], row["updated_at"], body


def _ticket(number: int, order: dict[str, Any], customer: dict[str, Any]) -> Object:
    key, placed = 88_000_001 + 5 * number, datetime.fromisoformat(order["createdAt"]).replace(tzinfo=None)
    asked = placed + timedelta(hours=3 + number % 20, microseconds=1_007 * number)
    closed = number % 3 > 0
    body = {
        "id": key,
        "external_id": f"hubspot:{order['id']}",
        "status": "closed" if closed else "open",
        "priority": "normal",
        "channel": "email",
        "via": "email",
        "subject": f"{_SUBJECTS[number % len(_SUBJECTS)]}?",
        "snippet": f"It is about {order['properties']['hs_external_order_id']}.",
        "customer": {name: customer[name] for name in ("id", "email", "name", "firstname", "lastname")},
        "assignee_user": None,
        "assignee_team": None,
        "tags": [],
        "messages_count": 1 + number % 4,
        "created_datetime": stamp(asked),
        "updated_datetime": stamp(asked + timedelta(hours=2) if closed else asked),
    }
    return str(key), asked + timedelta(hours=2) if closed else asked, body
