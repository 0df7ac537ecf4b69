"""The outlet's points on their first day: who has an account in its shop, a point for each ten crowns of an order."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa

from sources.estate.guests import Part
from sources.estate.world import World

Object = tuple[str, datetime, dict[str, Any]]
_CROWNS_A_POINT = 10


def invent(world: World) -> Part:
    """The programme's part of the retailer: the outlet's accounts under numbers of its own, with what they earned."""
    shop = world.part("woocommerce")
    rows = [{**row, "system": "smile", "key": number_of(row["key"])} for row in shop.appearances.to_pylist()]
    points = _points([body for _, _, body in shop.objects["order"]])
    balance: dict[str, int] = defaultdict(int)
    for _, _, body in points:
        balance[str(body["customer_id"])] += body["points_change"]
    people = pa.Table.from_pylist(rows, schema=shop.appearances.schema)
    return Part({"customer": [_customer(row, balance[row["key"]]) for row in rows], "points": points}, people)


def number_of(account: str) -> str:
    """The number of a customer who has this account in the shop."""
    return str(304_169_001 + 13 * int(account))


def stamp(at: datetime) -> str:
    """As Smile.io writes times: milliseconds, Z."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03}Z"


def _customer(row: dict[str, Any], balance: int) -> Object:
    updated = row["updated_at"].replace(microsecond=0)
    body = {
        "id": int(row["key"]),
        "first_name": row["first_name"],
        "last_name": row["last_name"],
        "email": row["email"],
        "state": "member" if balance else "candidate",
        "date_of_birth": row["birth_on"] and row["birth_on"].isoformat(),
        "points_balance": balance,
        "referral_url": f"https://estate.example/r/{row['key']}",
        "vip_tier_id": None,
        "created_at": stamp(row["created_at"]),
        "updated_at": stamp(updated),
    }
    return row["key"], updated, body


def _points(orders: list[dict[str, Any]]) -> list[Object]:
    """Given a day after an order, and taken back when its money is."""
    found: list[Object] = []
    for order in orders:
        at = datetime.fromisoformat(order["date_created_gmt"]).replace(microsecond=0) + timedelta(days=1)
        earned = int(Decimal(order["total"]) // _CROWNS_A_POINT)
        changes = [(at, earned, f"Order {order['number']}")]
        if order["refunds"]:
            changes.append((at + timedelta(hours=8), -earned, f"Refund of order {order['number']}"))
        for when, change, text in changes:
            key = str(900_000_001 + 3 * len(found))
            body = {
                "id": int(key),
                "customer_id": int(number_of(str(order["customer_id"]))),
                "points_change": change,
                "description": text,
                "internal_note": None,
                "created_at": stamp(when),
                "updated_at": stamp(when),
            }
            found.append((key, when, body))
    return found
