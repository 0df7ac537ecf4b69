"""The help desk on its first day: who wrote, and their tickets about orders of both web shops."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa

from sources.estate.guests import Part, customers_of, dice, persons, tuples
from sources.estate.world import World

_AGENT = 900_001
_SUBJECTS = ("Where is my parcel", "Wrong size", "Invoice please", "It arrived broken", "Change of address")


def invent(world: World) -> Part:
    """The help desk's part of the retailer: every ticket is about a real order, by the person who placed it."""
    about = _orders(world)
    asking = sorted({person for person, _, _, _ in about})
    users = customers_of(world, "zendesk", "shopify", lambda n: str(400_000_001 + 13 * n), asking)
    key_of = dict(zip(persons(users), users["key"].to_pylist(), strict=True))
    tickets = [_ticket(n, int(key_of[person]), shop, order, at) for n, (person, shop, order, at) in enumerate(about)]
    return Part({"user": [_user(row) for row in users.to_pylist()], "ticket": tickets}, users)


def stamp(at: datetime) -> str:
    """As Zendesk writes times."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _orders(world: World) -> list[tuple[int, str, str, datetime]]:
    """(person, shop, order, placed at) of what tickets are about: each second order of the outlet, some of the shop.

    Of the shop's newest orders that can have arrived all are asked about.
    """
    rng, outlet = dice(world, "zendesk"), world.part("woocommerce")
    found = []
    who = dict(zip(outlet.appearances["key"].to_pylist(), outlet.appearances["person_id"].to_pylist(), strict=True))
    for _, _, order in outlet.objects["order"][::2]:
        placed = datetime.fromisoformat(order["date_created_gmt"])
        found.append((who[str(order["customer_id"])], "woocommerce", str(order["id"]), placed))
    shop = _shoppers(world.appearances)
    orders = list(tuples(world.orders, ["customer_key", "key", "created_at"]))
    chosen = rng.choice(len(orders), min(len(orders), len(found)), replace=False).tolist()
    arrived = [n for n, (_, _, at) in enumerate(orders) if at < world.now.replace(tzinfo=None) - timedelta(days=2)]
    for customer, order, placed in (orders[n] for n in sorted({*chosen, *arrived[-12:]})):
        found.append((shop[customer], "shopify", order, placed))
    return [(int(one[7:]), shop, key, at) for one, shop, key, at in found if _is_known(world, one)]


def _shoppers(rows: pa.Table) -> dict[str, str]:
    every = tuples(rows, ["system", "key", "person_id"])
    return {key: person for system, key, person in every if system == "shopify"}


def _is_known(world: World, person: str) -> bool:
    return person.startswith("person-") and int(person[7:]) < len(world.people)


def _user(row: dict[str, Any]) -> tuple[str, datetime, dict[str, Any]]:
    updated = row["updated_at"].replace(microsecond=0)
    body = {
        "id": int(row["key"]),
        "name": " ".join(filter(None, (row["first_name"], row["last_name"]))),
        "email": row["email"],
        "phone": row["phone"],
        "role": "end-user",
        "active": True,
        "suspended": False,
        "verified": True,
        "external_id": None,
        "locale": row["language"],
        "time_zone": "Europe/Prague",
        "organization_id": None,
        "notes": "",
        "details": "",
        "tags": [],
        "user_fields": {},
        "url": f"https://estate.example/api/v2/users/{row['key']}.json",
        "created_at": stamp(row["created_at"]),
        "updated_at": stamp(updated),
    }
    return row["key"], updated, body


def _ticket(
    number: int, requester: int, shop: str, order: str, placed: datetime
) -> tuple[str, datetime, dict[str, Any]]:
    key, at = 35_001 + number, (placed + timedelta(hours=20 + number % 30)).replace(microsecond=0)
    body = {
        "id": key,
        "subject": f"{_SUBJECTS[number % len(_SUBJECTS)]}?",
        "description": f"It is about order {order}.",
        "status": ("closed", "solved", "open")[number % 3],
        "type": "question",
        "priority": None,
        "requester_id": requester,
        "submitter_id": requester,
        "assignee_id": _AGENT,
        "organization_id": None,
        "external_id": f"{shop}:{order}",
        "via": {"channel": "email"},
        "tags": [],
        "custom_fields": [],
        "satisfaction_rating": {"score": "unoffered"},
        "url": f"https://estate.example/api/v2/tickets/{key}.json",
        "created_at": stamp(at),
        "updated_at": stamp(at),
    }
    return str(key), at, body
