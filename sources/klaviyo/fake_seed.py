"""Marketing on its first day: people who left an address, what was sent to them, and what they ordered in the shop."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pyarrow.compute as pc

from sources.estate.appearances import opaque
from sources.estate.guests import Part, customers_of, tuples
from sources.estate.world import World

_METRICS = ("Received Email", "Opened Email", "Placed Order")


def invent(world: World) -> Part:
    """Marketing's part of the retailer."""
    people = customers_of(world, "klaviyo", "shopify", lambda n: f"01{opaque('klaviyo', n, 24).upper()}")
    profiles = [_profile(row) for row in people.to_pylist()]
    sent = [
        (key, world.now.replace(tzinfo=None) - timedelta(days=2, minutes=n)) for n, (key, _, _) in enumerate(profiles)
    ]
    events = [_event("Received Email", key, at, {"Subject": "Spring"}) for key, at in sent]
    events += [_event("Opened Email", key, at + timedelta(hours=3), {"Subject": "Spring"}) for key, at in sent[::3]]
    profile_of = dict(tuples(people, ["person_id", "key"]))
    events += [_event("Placed Order", profile_of[who], *placed) for who, *placed in _orders(world) if who in profile_of]
    metrics = [_metric(name, world.now.replace(tzinfo=None) - timedelta(days=400)) for name in _METRICS]
    return Part({"profile": profiles, "event": events, "metric": metrics}, people)


def metric_key(name: str) -> str:
    """The id of a kind of event."""
    return opaque("metric", _METRICS.index(name), 6)


def _orders(world: World) -> list[tuple[str, datetime, dict[str, Any]]]:
    """Who ordered in the web shop, when, and what the shop tells marketing of it."""
    shoppers = world.appearances.filter(pc.equal(world.appearances["system"], "shopify"))
    person_of = dict(tuples(shoppers, ["key", "person_id"]))
    asked = ["customer_key", "key", "total_amount", "created_at"]
    return [
        (person_of[buyer], at, {"$event_id": key, "$value": float(total)})
        for buyer, key, total, at in tuples(world.orders, asked)
        if buyer in person_of
    ]


def _event(name: str, profile: str, at: datetime, said: dict[str, Any]) -> tuple[str, datetime, dict[str, Any]]:
    key, at = opaque(f"{name} {at} {profile}", 0, 11), at.replace(microsecond=0)
    seconds = int((at - datetime(1970, 1, 1)).total_seconds())
    about = {"profile": ("profile", profile), "metric": ("metric", metric_key(name))}
    body = {
        "type": "event",
        "id": key,
        "attributes": {
            "timestamp": seconds,
            "event_properties": said,
            "datetime": stamp(at),
            "uuid": f"{key}-{seconds}",
        },
        "relationships": {part: {"data": {"type": kind, "id": one}} for part, (kind, one) in about.items()},
        "links": {"self": f"https://estate.example/api/events/{key}/"},
    }
    return key, at, body


def _metric(name: str, at: datetime) -> tuple[str, datetime, dict[str, Any]]:
    key, at = metric_key(name), at.replace(microsecond=0)
    attributes = {"name": name, "created": stamp(at), "updated": stamp(at), "integration": None}
    links = {"self": f"https://estate.example/api/metrics/{key}/"}
    return key, at, {"type": "metric", "id": key, "attributes": attributes, "links": links}


def stamp(at: datetime) -> str:
    """As Klaviyo writes times: whole seconds with an offset."""
    return at.strftime("%Y-%m-%dT%H:%M:%S") + "+00:00"


def _profile(row: dict[str, Any]) -> tuple[str, datetime, dict[str, Any]]:
    key, updated = row["key"], row["updated_at"].replace(microsecond=0)
    place = {"address1": row["street"], "city": row["city"], "zip": row["zip"], "country": row["country_code"]}
    attributes = {
        "email": row["email"],
        "phone_number": row["phone"],
        "external_id": None,
        "first_name": row["first_name"],
        "last_name": row["last_name"],
        "organization": None,
        "locale": row["language"],
        "title": None,
        "image": None,
        "created": stamp(row["created_at"]),
        "updated": stamp(updated),
        "last_event_date": None,
        "location": {**place, "address2": None, "region": None, "timezone": "Europe/Prague"},
        "properties": {},
    }
    links = {"self": f"https://estate.example/api/profiles/{key}/"}
    return key, updated, {"type": "profile", "id": key, "attributes": attributes, "links": links}
