"""Marketing's profiles on their first day: people who left an address in one of the shops or at the till."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sources.estate.appearances import opaque
from sources.estate.guests import Part, customers_of
from sources.estate.world import World


def invent(world: World) -> Part:
    """Marketing's part of the retailer."""
    people = customers_of(world, "klaviyo", "shopify", lambda n: f"01{opaque('klaviyo', n, 24).upper()}")
    return Part({"profile": [_profile(row) for row in people.to_pylist()]}, people)


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
