"""The newsletters on their first day: two audiences of people who left an address in one of the shops."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

import pyarrow.compute as pc

from sources.estate.appearances import opaque
from sources.estate.guests import Part, customers_of
from sources.estate.world import World

LISTS = ("a1b2c3d4e5", "f6a7b8c9d0")


def invent(world: World) -> Part:
    """The newsletters' part of the retailer."""
    people = customers_of(world, "mailchimp", "shopify", lambda n: f"{LISTS[n % 5 == 4]}-{410_000_001 + 7 * n}")
    people = people.filter(pc.is_valid(people["email"]))
    audiences = [(key, world.now.replace(tzinfo=None), _list(place, key)) for place, key in enumerate(LISTS)]
    return Part(
        {"member": [_member(number, row) for number, row in enumerate(people.to_pylist())], "list": audiences}, people
    )


def stamp(at: datetime) -> str:
    """As Mailchimp writes times: whole seconds with an offset."""
    return at.strftime("%Y-%m-%dT%H:%M:%S") + "+00:00"


def hashed(address: str) -> str:
    """The id of a member: of the address in small letters."""
    return hashlib.md5(address.lower().encode(), usedforsecurity=False).hexdigest()


def _list(place: int, key: str) -> dict[str, Any]:
    return {"id": key, "web_id": 71 + place, "name": ("Newsletter", "Outlet")[place], "visibility": "prv"}


def _member(number: int, row: dict[str, Any]) -> tuple[str, datetime, dict[str, Any]]:
    (audience, web_id), updated = row["key"].split("-"), row["updated_at"].replace(microsecond=0)
    fields: dict[str, Any] = {
        "FNAME": row["first_name"] or "",
        "LNAME": row["last_name"] or "",
        "PHONE": row["phone"] or "",
    }
    if row["street"]:
        fields["ADDRESS"] = {"addr1": row["street"], "addr2": "", "city": row["city"] or "", "state": "",
                             "zip": row["zip"] or "", "country": row["country_code"] or ""}  # fmt: skip
    body = {
        "id": hashed(row["email"]),
        "email_address": row["email"],
        "unique_email_id": opaque("mailchimp-email", number, 10).lower(),
        "contact_id": hashed(f"contact {row['key']}"),
        "full_name": f"{fields['FNAME']} {fields['LNAME']}".strip(),
        "web_id": int(web_id),
        "email_type": "html",
        "status": ("subscribed", "subscribed", "subscribed", "unsubscribed", "cleaned", "pending")[number % 6],
        "merge_fields": fields,
        "timestamp_signup": stamp(row["created_at"]),
        "last_changed": stamp(updated),
        "language": row["language"] or "",
        "vip": False,
        "tags_count": 0,
        "tags": [],
        "list_id": audience,
    }
    return row["key"], updated, body
